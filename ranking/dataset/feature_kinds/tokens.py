"""Fields of tokens: vectors discretized by codebooks."""

from typing import ClassVar

from embedding_features.artifact.kinds import TOKENS, FeatureKind
from ranking.dataset.feature_kinds.base import KindFields
from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.field_specs import AnyField, TokensSpec


class TokenFields(KindFields):
    """Makes a field of tokens for each codebook of a view."""

    kind: ClassVar[FeatureKind] = TOKENS
    description: ClassVar[str] = "product, residual and quantile tokens"

    def specs(self, view: GraphColumns) -> list[AnyField]:
        """Return a tokens field for each feature of the view, in the order of their names."""
        return [
            TokensSpec(
                name=f"{view.prefix}_{feature}",
                group=self.kind.group,
                family=view.family,
                whose=view.side,
                side=view.side,
                column=view.features[feature],
                place=f"{view.family}_{feature}",
            )
            for feature in sorted(view.features)
        ]
