"""Features of labelled pairs that never saw their own label: made from the labels of other folds or times."""

from ranking.log_features.crossfit.attributes import Attribute
from ranking.log_features.crossfit.crossfit import FeatureMaker, cross_fit
from ranking.log_features.crossfit.folds import Fold, random_folds, time_blocks
from ranking.log_features.crossfit.graph_scores import JUDGED, GraphScores
from ranking.log_features.crossfit.levels import Levels
from ranking.log_features.crossfit.pairs import KnownLabels, LabelPairs
from ranking.log_features.crossfit.tastes import Tastes

__all__ = [
    "JUDGED",
    "Attribute",
    "FeatureMaker",
    "Fold",
    "GraphScores",
    "KnownLabels",
    "LabelPairs",
    "Levels",
    "Tastes",
    "cross_fit",
    "random_folds",
    "time_blocks",
]
