"""Fields of clusters: bags of top-K cluster ids."""

from typing import ClassVar

from embedding_features.artifact.kinds import CLUSTERS, FeatureKind
from ranking.dataset.feature_kinds.base import KindFields, column_of
from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.field_specs import AnyField, BagSpec


class ClusterFields(KindFields):
    """Makes a weighted bag of cluster ids from each view."""

    kind: ClassVar[FeatureKind] = CLUSTERS
    description: ClassVar[str] = "top-K cluster ids with weights"

    def specs(self, view: GraphColumns) -> list[AnyField]:
        """Return the view's one bag."""
        return [
            BagSpec(
                name=f"{view.prefix}_clusters",
                group=self.kind.group,
                family=view.family,
                whose=view.side,
                side=view.side,
                column=column_of(view, "cluster_ids"),
                weights=column_of(view, "cluster_weights"),
            )
        ]
