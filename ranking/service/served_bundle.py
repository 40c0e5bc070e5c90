"""A bundle as it is served: immutable, so that a request goes on with the one it began with."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from embedding_features.arrays import Bool
from embedding_features.errors import BundleError
from embedding_features.store import EmbeddingFeatures, list_published
from ranking.bundle import Bundle, load_bundle
from ranking.service.answers import Scored
from ranking.service.columns import ColumnValues, HistoryLists, id_array
from ranking.service.fresh_columns import FreshFigures
from ranking.service.plan import ColumnPlan
from ranking.service.reading import ReadColumns, Reader
from ranking.service.settings import Settings
from ranking.service.subject import RankSubject
from ranking.task.task import Side

#: rows that are scored before a bundle serves, so that no request waits for what the first one sets up
WARM_ROWS = 200


@dataclass(frozen=True)
class ServedBundle:
    """A bundle, where its columns come from, and what reads them.

    Attributes:
        node_types: those that have published vectors.
        fresh: what makes its fresh figures.
    """

    bundle: Bundle
    plan: ColumnPlan
    reader: Reader
    node_types: frozenset[str]
    fresh: FreshFigures

    @classmethod
    def load(cls, folder: Path, repo: Path, settings: Settings, client: EmbeddingFeatures) -> "ServedBundle":
        """Load a bundle, and check that it scores.

        Raises:
            BundleError: when it is no whole bundle, or scores nothing sensible.
            CompatibilityError: when it does not fit the repository.
            ConfigError, StoreError: as :meth:`.ColumnPlan.of`.
        """
        try:
            bundle = load_bundle(folder, repo)
        except OSError as error:
            raise BundleError(f"{folder} cannot be read: {error}", fix="let the service read it") from None
        plan = ColumnPlan.of(bundle, settings, client)
        nulls = pa.table({column: pa.nulls(WARM_ROWS) for column in plan.columns})
        if not np.isfinite(bundle.score(nulls)).all():
            raise BundleError("the ranker's scores of unknown ids are no numbers", fix="train it again")
        published = list_published(repo)
        tables = (table for run in published for table in run.snapshot.tables)
        types = frozenset(node_type for node_type, kind in tables if kind == "vector")
        fresh = FreshFigures.of(bundle.record.fresh, published, settings)
        fresh.warm(WARM_ROWS)
        return cls(bundle, plan, Reader(client, plan, fresh), types, fresh)

    @property
    def digest(self) -> str:
        """The digest that the bundle's record bears."""
        return self.bundle.record.digest

    def score(self, subject: RankSubject, read: ReadColumns) -> Scored:
        """Score the items of a request; what no source gave is null.

        Args:
            subject: the user, the items and the request's own columns.
            read: what the store says of them.

        Raises:
            DataError, CompatibilityError: as :meth:`.Bundle.score`.
        """
        fresh = self.fresh.make(subject, read.events, time.time_ns() // 1000)
        values, count = self._merged(subject, read, fresh.columns), len(subject.items)
        columns = {c: values[c].rows(count) if c in values else pa.nulls(count) for c in self.plan.columns}
        scores = self.bundle.score(pa.table(columns))
        if not np.isfinite(scores).all():
            raise ArithmeticError(f"{len(scores)} scores, not all of which are numbers")
        user_found = self._found("user", read, 1)
        return Scored(
            bundle=self.digest,
            items=subject.items,
            scores=scores,
            user_found=None if user_found is None else bool(user_found.any()),
            items_found=self._found("item", read, count),
            missing=[column for column in self.plan.depths if column not in values],
            unread=subject.unread,
            degraded=read.degraded,
            events=fresh.seen,
        )

    def _merged(
        self, subject: RankSubject, read: ReadColumns, fresh: Mapping[str, ColumnValues]
    ) -> dict[str, ColumnValues]:
        """The values of each raw column that a source gave; the request's own count before Feast's."""
        values = {
            **read.columns,
            **subject.columns,
            **read.histories,
            **fresh,
            "user_id": ColumnValues(id_array([subject.user]), True),
            "item_id": ColumnValues(id_array(subject.items)),
        }
        for history in self.plan.histories:
            lists = HistoryLists.of(history, values)
            if lists is not None:  # of ids whose vectors could not be read
                values |= lists.columns(pa.nulls(len(lists.flat)), len(subject.items))
        return values

    def _found(self, side: Side, read: ReadColumns, count: int) -> Bool | None:
        """[count] which ids of a side had pretrained features; None where the bundle reads none of it."""
        return read.found.get(side, np.zeros(count, np.bool_)) if self.plan.reads(side) else None
