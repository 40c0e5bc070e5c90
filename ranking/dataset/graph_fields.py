"""The fields of pretrained features: those of each kind, in order."""

from collections.abc import Sequence

import pyarrow as pa

from ranking.dataset.feature_kinds.base import KindFields
from ranking.dataset.feature_kinds.clusters import ClusterFields
from ranking.dataset.feature_kinds.neighbours import NeighbourFields
from ranking.dataset.feature_kinds.tokens import TokenFields
from ranking.dataset.feature_kinds.vector import VectorFields
from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.field_specs import AnyField

#: kind of feature → what makes its fields
FIELDS: dict[str, KindFields] = {
    made.kind.name: made for made in (VectorFields(), ClusterFields(), TokenFields(), NeighbourFields())
}


def graph_specs(views: Sequence[GraphColumns], features: pa.Table) -> list[AnyField]:
    """Return the fields of some views: those of each view in turn, then those that need several.

    Args:
        views: the views, ordered as :func:`.find_graph_columns` orders them.
        features: some rows with the views' columns, which tell the dims of vectors.

    Raises:
        DataError: when a view lacks a feature.
    """
    fields = [field for view in views for field in FIELDS[view.kind].specs(view)]
    for kind, made in FIELDS.items():
        fields += made.across([view for view in views if view.kind == kind], features)
    return fields
