"""A bundle as it is served: immutable, so that a request goes on with the one it began with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32
from embedding_features.errors import BundleError
from embedding_features.store import EmbeddingFeatures, list_published
from ranking.bundle import Bundle, load_bundle
from ranking.service.columns import ColumnValues, HistoryLists, given, id_array
from ranking.service.plan import ColumnPlan
from ranking.service.reading import RankSubject, ReadColumns, Reader
from ranking.service.requests import Features
from ranking.service.settings import Settings

#: rows that are scored before a bundle serves, so that no request waits for what the first one sets up
WARM_ROWS = 200


@dataclass(frozen=True)
class Scored:
    """Scores of a request.

    Attributes:
        scores: [n] calibrated probabilities.
        missing: raw columns that no source gave.
        unread: columns of the request that the bundle does not read from there.
    """

    scores: F32
    missing: list[str]
    unread: list[str]


@dataclass(frozen=True)
class ServedBundle:
    """A bundle, where its columns come from, and what reads them.

    Attributes:
        node_types: that have published vectors.
    """

    bundle: Bundle
    plan: ColumnPlan
    reader: Reader
    node_types: frozenset[str]

    @classmethod
    def load(cls, folder: Path, repo: Path, settings: Settings, client: EmbeddingFeatures) -> "ServedBundle":
        """Load a bundle and see that it scores.

        Raises:
            BundleError: when it is no whole bundle, or scores nothing sensible.
            CompatibilityError: when it does not fit the repository.
            ConfigError, StoreError: as :meth:`.plan.Plan.of`.
        """
        try:
            bundle = load_bundle(folder, repo)
        except OSError as error:
            raise BundleError(f"{folder} cannot be read: {error}", fix="let the service read it") from None
        plan = ColumnPlan.of(bundle, settings, client)
        nothing = pa.table({column: pa.nulls(WARM_ROWS) for column in plan.columns})
        if not np.isfinite(bundle.score(nothing)).all():
            raise BundleError("the ranker's scores of unknown ids are no numbers", fix="train it again")
        tables = (table for run in list_published(repo) for table in run.snapshot.tables)
        types = frozenset(node_type for node_type, kind in tables if kind == "vector")
        return cls(bundle, plan, Reader(client, plan), types)

    @property
    def digest(self) -> str:
        """Of the bundle."""
        return self.bundle.record.digest

    def asked(self, user: int | str, items: Sequence[int | str], features: Features) -> RankSubject:
        """A request, its columns checked.

        Raises:
            DataError: as :func:`.columns.given`.
        """
        depth = self.plan.depth
        read = {c: given(c, value, depth[c], len(items)) for c, value in features.items() if c in depth}
        return RankSubject(user, items, read)

    def known(self, asked: RankSubject, read: ReadColumns) -> dict[str, ColumnValues]:
        """Raw column → what is known of it."""
        known = {
            **read.columns,
            **asked.features,
            **read.histories,
            "user_id": ColumnValues(id_array([asked.user]), True),
            "item_id": ColumnValues(id_array(asked.items)),
        }
        for history in self.plan.histories:
            past = HistoryLists.of(history, known)
            if past is not None:  # of ids whose vectors could not be read
                known |= past.columns(pa.nulls(len(past.flat)), len(asked.items))
        return known

    def score(self, asked: RankSubject, read: ReadColumns, features: Features) -> Scored:
        """Score a request; what nobody knows is null.

        Raises:
            DataError, CompatibilityError: as :meth:`.Bundle.score`.
        """
        known, count = self.known(asked, read), len(asked.items)
        missing = [column for column in self.plan.depth if column not in known]
        columns = {c: known[c].rows(count) if c in known else pa.nulls(count) for c in self.plan.columns}
        scores = self.bundle.score(pa.table(columns))
        if not np.isfinite(scores).all():
            raise ArithmeticError(f"{len(scores)} scores, not all of which are numbers")
        return Scored(scores, missing, [column for column in features if column not in self.plan.depth])
