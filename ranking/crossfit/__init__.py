"""Features of labelled pairs that never saw their own label: made from the labels of other folds or times."""

from ranking.crossfit.attributes import Attribute
from ranking.crossfit.crossfit import FeatureMaker, cross_fit
from ranking.crossfit.graph_scores import JUDGED, GraphScores
from ranking.crossfit.levels import Levels
from ranking.crossfit.pairs import Known, Pairs
from ranking.crossfit.parts import Part, random_folds, time_blocks
from ranking.crossfit.tastes import Tastes

__all__ = [
    "JUDGED",
    "Attribute",
    "FeatureMaker",
    "GraphScores",
    "Known",
    "Levels",
    "Pairs",
    "Part",
    "Tastes",
    "cross_fit",
    "random_folds",
    "time_blocks",
]
