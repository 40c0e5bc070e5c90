"""Rankers: tree and network models of the chance of label 1, one a file, on shared layers and training."""

from ranking.models.base import FittedRanker, Ranker
from ranking.models.dcn_v2 import DCNv2
from ranking.models.deep_fm import DeepFM
from ranking.models.din import DIN
from ranking.models.dlrm import DLRM
from ranking.models.lightgbm import LightGBM
from ranking.models.wide_deep import WideDeep

__all__ = ["DIN", "DLRM", "DCNv2", "DeepFM", "FittedRanker", "LightGBM", "Ranker", "WideDeep"]
