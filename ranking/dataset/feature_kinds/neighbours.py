"""Fields of nearest neighbours: bags of their ids, and numbers from the user's earlier events with them."""

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
    """Makes a bag of ids that shares the id's embedding, and numbers from earlier events with those ids."""

    kind: ClassVar[FeatureKind] = NEIGHBOURS
    description: ClassVar[str] = "nearest neighbours' ids, and what the user thought of them before"

    def specs(self, view: GraphColumns) -> list[AnyField]:
        """Return the bag of ids, and the numbers that :func:`neighbour_columns` computes."""
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
        columns = [f"{name}_{feature}" for feature in NEIGHBOUR_FEATURES]
        numbers = [
            NumberSpec(name=column, group=self.kind.group, family=view.family, whose=view.side, column=column)
            for column in columns
        ]
        return [bag, *numbers]


def neighbour_columns(
    view: GraphColumns, events: EarlierEvents, start: int, features: pa.Table
) -> dict[str, pa.ChunkedArray]:
    """Return the scores of some rows' neighbours by earlier events (:func:`.neighbour_scores`).

    Args:
        view: a view of neighbours.
        events: events of the labels with ids of the view's side.
        start: the label that the first row of ``features`` belongs to.
        features: the rows, with the view's columns.

    Returns:
        Name of a column → its values.
    """
    ids, scores = (
        flat_array(features[column_of(view, name)]) for name in ("neighbour_ids", "neighbour_scores")
    )
    scored = neighbour_scores(events, ids, scores, start)
    return {f"{view.prefix}_neighbours_{name}": scored[name] for name in scored.column_names}
