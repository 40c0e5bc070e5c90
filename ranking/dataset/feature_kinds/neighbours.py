"""Fields of nearest neighbours: their ids, and what the log says of them."""

from typing import ClassVar

import pyarrow as pa

from embedding_features.arrow import flat_array
from embedding_features.artifact.kinds import NEIGHBOURS, FeatureKind
from ranking.dataset.feature_kinds.base import KindFields, column_of
from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.field_specs import AnyField, BagSpec, NumberSpec, SharedCoding
from ranking.log_features.earlier_events import EarlierEvents
from ranking.log_features.neighbour_scores import NEIGHBOUR_FEATURES, neighbour_scores


class NeighbourFields(KindFields):
    """Makes a bag of ids that shares the id's embedding, and numbers that the log says of those ids."""

    kind: ClassVar[FeatureKind] = NEIGHBOURS
    says: ClassVar[str] = "nearest neighbours' ids, and what the user thought of them before"

    def specs(self, view: GraphColumns) -> list[AnyField]:
        """Return the bag of ids and the columns of :func:`neighbour_columns`."""
        name = f"{view.prefix}_neighbours"
        bag = BagSpec(
            name=name,
            group=self.kind.group,
            family=view.family,
            whose=view.side,
            side=view.side,
            column=column_of(view, "neighbour_ids"),
            weights=column_of(view, "neighbour_scores"),
            coding=SharedCoding(of=f"{view.side}_id"),
            identity=True,
        )
        scored = (f"{name}_{feature}" for feature in NEIGHBOUR_FEATURES)
        return [
            bag,
            *(
                NumberSpec(
                    name=column, group=self.kind.group, family=view.family, whose=view.side, column=column
                )
                for column in scored
            ),
        ]


def neighbour_columns(
    view: GraphColumns, events: EarlierEvents, start: int, features: pa.Table
) -> dict[str, pa.ChunkedArray]:
    """Return what the log says of the neighbours of the rows from ``start`` (:func:`neighbour_scores`)."""
    ids, scores = (
        flat_array(features[column_of(view, name)]) for name in ("neighbour_ids", "neighbour_scores")
    )
    scored = neighbour_scores(events, ids, scores, start)
    return {f"{view.prefix}_neighbours_{kind}": scored[kind] for kind in scored.column_names}
