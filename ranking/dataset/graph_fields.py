"""The fields of pretrained features, which each kind of feature makes of its views."""

from collections.abc import Sequence

import pyarrow as pa

from ranking.dataset.feature_kinds.base import KindFields
from ranking.dataset.feature_kinds.clusters import ClusterFields
from ranking.dataset.feature_kinds.neighbours import NeighbourFields
from ranking.dataset.feature_kinds.tokens import TokenFields
from ranking.dataset.feature_kinds.vector import VectorFields
from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.field_specs import AnyField

_KINDS = (VectorFields(), ClusterFields(), TokenFields(), NeighbourFields())

#: kind of feature → what makes its fields
FIELDS_OF_KIND: dict[str, KindFields] = {fields.kind.name: fields for fields in _KINDS}


def graph_specs(views: Sequence[GraphColumns], features: pa.Table) -> list[AnyField]:
    """Return the fields of some views: those of each view in turn, then those made of several views.

    Args:
        views: the views, ordered as :func:`.find_graph_columns` orders them.
        features: some rows with the views' columns, which tell the dims of vectors.

    Raises:
        DataError: when a view lacks a feature.
    """
    specs = [spec for view in views for spec in FIELDS_OF_KIND[view.kind].specs(view)]
    for kind, fields in FIELDS_OF_KIND.items():
        specs += fields.across([view for view in views if view.kind == kind], features)
    return specs
