"""The rankers, one a file."""

from ranking.models.base import FittedRanker, Ranker
from ranking.models.dlrm import DLRM
from ranking.models.lightgbm import LightGBM
from ranking.models.wide_deep import WideDeep

__all__ = ["DLRM", "FittedRanker", "LightGBM", "Ranker", "WideDeep"]
