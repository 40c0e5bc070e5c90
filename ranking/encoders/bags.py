"""A set of values a row: multi-valued fields."""

from collections.abc import MutableMapping
from typing import Self

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32
from embedding_features.errors import DataError
from ranking.encoders.base import FieldEncoder, learn_codes, table_name
from ranking.encoders.codes import Coder
from ranking.encoders.rows import TrainingRows
from ranking.inputs.arrow import Lists, floats, padded_bag
from ranking.inputs.field_specs import BagSpec, SharedCoding
from ranking.inputs.fields import Bag
from ranking.inputs.inputs import Field


class BagEncoder(FieldEncoder[BagSpec]):
    """A code and a weight each value; ``shape["width"]`` values are kept of a list, the first ones."""

    @classmethod
    def fit(cls, spec: BagSpec, rows: TrainingRows, coders: MutableMapping[str, Coder]) -> Self:
        longest = 1
        for part in rows.parts([spec.column], spec.name):
            longest = max(longest, Lists.of(part[spec.column], spec.name).width)
        width = spec.width or longest
        if not isinstance(spec.coding, SharedCoding):
            values = (
                Lists.of(part[spec.column], spec.name).first(width).flat
                for part in rows.parts([spec.column], spec.name)
            )
            coders[spec.name] = learn_codes(spec.coding, values, spec.name)
        return cls(spec, {"width": width}, coders)

    def encode(self, table: pa.Table) -> list[Field]:
        spec, width = self.spec, self.shape["width"]
        whole = Lists.of(self.column(table, spec.column), spec.name)
        weights = self._weights(table, whole)
        lists = whole.first(width)
        name = table_name(spec.name, spec.coding)
        coder = self.coders[name]
        kept = None if weights is None else weights[whole.position < width]
        codes, shares = padded_bag(lists, coder.encode(lists.flat, spec.name), kept, width)
        return [Bag(spec.name, spec.group, spec.side, name, codes, shares, coder.size, spec.identity)]

    def _weights(self, table: pa.Table, lists: Lists) -> F32 | None:
        """[values] beside ``lists.flat``."""
        if self.spec.weights is None:
            return None
        beside = Lists.of(self.column(table, self.spec.weights), self.spec.name)
        if not np.array_equal(beside.length, lists.length):
            raise DataError(
                f"{self.spec.name}: {len(lists.flat)} values beside {len(beside.flat)} weights, or lists of "
                "other lengths",
                fix="publish the snapshot again",
            )
        weights = floats(beside.flat, self.spec.name)
        if not np.isfinite(weights).all():
            raise DataError(
                f"{self.spec.name}: a weight is null, NaN or infinite", fix="publish the snapshot again"
            )
        return weights
