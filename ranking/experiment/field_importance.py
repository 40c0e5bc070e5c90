"""What :func:`.importance` answers, as data that go to JSON and back."""

from typing import Literal

from embedding_features.config import Config


class FieldImportance(Config):
    """How much a ranker leans on a field: ``group`` as variants name it (base, counts, knn, dense …)."""

    field: str
    group: str
    value: float


class Importance(Config):
    """Of one ranker × variant, its smallest seed, on validation rows; the largest first.

    Attributes:
        method: ``shap``: mean absolute SHAP value in log odds (Lundberg et al. 2020, TreeSHAP), summed over a
            field's columns; ``permutation``: AUC lost when the field's rows are permuted (Breiman 2001).
    """

    ranker: str
    variant: str
    method: Literal["shap", "permutation"]
    fields: tuple[FieldImportance, ...]
