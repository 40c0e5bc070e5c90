"""The interface of kinds of pretrained features: which fields a ranker gets from their views."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import pyarrow as pa

from embedding_features.artifact.kinds import FeatureKind
from embedding_features.errors import DataError
from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.field_specs import AnyField


class KindFields(ABC):
    """Makes the fields of one kind of pretrained feature.

    Attributes:
        kind: the kind, as snapshots have it.
        description: what the fields are, in a few words for a report.
    """

    kind: ClassVar[FeatureKind]
    description: ClassVar[str]

    @abstractmethod
    def specs(self, view: GraphColumns) -> list[AnyField]:
        """Return the fields of one view of this kind.

        Raises:
            DataError: when the view lacks a feature.
        """

    def across(self, views: Sequence[GraphColumns], features: pa.Table) -> list[AnyField]:  # noqa: ARG002
        """Return fields that are made of several views of this kind; by default there are none.

        Args:
            views: all views of this kind.
            features: some rows with their columns, which tell the dims of vectors.
        """
        return []


def column_of(view: GraphColumns, feature: str) -> str:
    """Return the column of a view's feature.

    Raises:
        DataError: when the view lacks it.
    """
    if feature not in view.features:
        raise DataError(
            f"view {view.prefix}_{view.kind} came without {feature!r}",
            fix="ask the store for the whole view",
        )
    return view.features[feature]
