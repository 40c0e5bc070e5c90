"""Fields of pretrained vectors, and of the similarity of user and item."""

from collections.abc import Sequence
from typing import ClassVar, Literal

import pyarrow as pa

from embedding_features.artifact.kinds import VECTOR, FeatureKind
from ranking.dataset.feature_kinds.base import KindFields, column_of
from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.arrow import vector_dim
from ranking.inputs.field_specs import AnyField, SimilaritySpec, VectorSpec

_MEASURES: tuple[Literal["dot"], Literal["cosine"]] = ("dot", "cosine")


class VectorFields(KindFields):
    """Makes a vector field from each view, and similarities where a family has vectors of user and item."""

    kind: ClassVar[FeatureKind] = VECTOR
    description: ClassVar[str] = "pretrained vectors of user and item, and their dot product"

    def specs(self, view: GraphColumns) -> list[AnyField]:
        """Return the view's one vector field."""
        return [
            VectorSpec(
                name=f"{view.prefix}_vector",
                group=self.kind.group,
                family=view.family,
                whose=view.side,
                side=view.side,
                column=column_of(view, "vector"),
            )
        ]

    def across(self, views: Sequence[GraphColumns], features: pa.Table) -> list[AnyField]:
        """Return dot product and cosine for each family whose vectors of user and item have one dim."""
        users = {view.family: column_of(view, "vector") for view in views if view.side == "user"}
        fields: list[AnyField] = []
        for view in views:
            user, item = users.get(view.family), column_of(view, "vector")
            if view.side == "user" or user is None:
                continue
            if vector_dim(features[user], user) == vector_dim(features[item], item):
                fields += [self._similarity(view.family, measure, user, item) for measure in _MEASURES]
        return fields

    def _similarity(self, family: str, measure: Literal["dot", "cosine"], user: str, item: str) -> AnyField:
        return SimilaritySpec(
            name=f"{family}_{measure}" if family else measure,
            group=self.kind.group,
            family=family,
            measure=measure,
            user=user,
            item=item,
        )
