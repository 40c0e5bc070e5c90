"""The encoder of bags: fields of a list of values a row."""

from collections.abc import MutableMapping
from typing import Self

import numpy as np
import pyarrow as pa
from typing_extensions import override

from embedding_features.arrays import F32, I32
from embedding_features.errors import DataError
from ranking.encoders.base import FieldEncoder, learn_codes
from ranking.encoders.codes import Coder
from ranking.encoders.rows import TrainingRows
from ranking.inputs.arrow import Lists, floats
from ranking.inputs.field_specs import BagSpec, SharedCoding, codes_owner
from ranking.inputs.fields import Bag
from ranking.inputs.inputs import Field


class BagEncoder(FieldEncoder[BagSpec]):
    """Encodes a list as codes and weights of its first ``shape["width"]`` values."""

    @classmethod
    @override
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

    @override
    def encode(self, table: pa.Table) -> list[Field]:
        spec, width = self.spec, self.shape["width"]
        whole = Lists.of(self.column(table, spec.column), spec.name)
        weights = self._weights(table, whole)
        lists = whole.first(width)
        name = codes_owner(spec)
        coder = self.coders[name]
        kept = None if weights is None else weights[whole.position < width]
        codes, shares = padded_bag(lists, coder.encode(lists.flat, spec.name), kept, width)
        return [Bag(spec.name, spec.group, spec.side, name, codes, shares, coder.size, spec.identity)]

    def _weights(self, table: pa.Table, lists: Lists) -> F32 | None:
        """Return [values] the weights beside ``lists.flat``; None where the field has none."""
        if self.spec.weights is None:
            return None
        weight_lists = Lists.of(self.column(table, self.spec.weights), self.spec.name)
        if not np.array_equal(weight_lists.length, lists.length):
            raise DataError(
                f"{self.spec.name}: {len(lists.flat)} values beside {len(weight_lists.flat)} weights, or "
                "lists of other lengths",
                fix="publish the snapshot again",
            )
        weights = floats(weight_lists.flat, self.spec.name)
        if not np.isfinite(weights).all():
            raise DataError(
                f"{self.spec.name}: a weight is null, NaN or infinite", fix="publish the snapshot again"
            )
        return weights


def padded_bag(lists: Lists, codes: I32, weights: F32 | None, width: int) -> tuple[I32, F32]:
    """Return [n, width] codes and weights: known codes only, weights from 0 up and of sum 1 a row.

    Args:
        lists: none longer than ``width``.
        codes: [values] of ``lists.flat``.
        weights: [values] beside them, negative ones count as 0; None weighs alike.
        width: the width of the result.
    """
    padded = lists.padded(codes, width)
    given = np.ones(len(codes), np.float32) if weights is None else np.maximum(weights, 0)
    scaled = lists.padded(given, width)
    scaled[padded == 0] = 0
    total = scaled.sum(axis=1, keepdims=True)
    np.divide(scaled, total, out=scaled, where=total > 0)
    return padded, scaled
