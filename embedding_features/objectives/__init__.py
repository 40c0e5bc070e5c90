"""Objectives are the losses that trained methods minimise."""

from embedding_features.objectives.alignment_uniformity import AlignmentUniformity
from embedding_features.objectives.base import Objective, Step
from embedding_features.objectives.bilateral_softmax import BilateralSoftmax
from embedding_features.objectives.bpr import BPR
from embedding_features.objectives.cosine_contrastive import CosineContrastive
from embedding_features.objectives.info_nce import InfoNCE
from embedding_features.objectives.infomax import Infomax
from embedding_features.objectives.latent_divergence import LatentDivergence
from embedding_features.objectives.log_loss import LogLoss
from embedding_features.objectives.logistic import Logistic
from embedding_features.objectives.margin import Margin
from embedding_features.objectives.max_margin import MaxMargin
from embedding_features.objectives.n3 import N3, n3
from embedding_features.objectives.one_vs_all import OneVsAll, one_vs_all_loss
from embedding_features.objectives.sampled_softmax import SampledSoftmax
from embedding_features.objectives.scores import ScoreObjective
from embedding_features.objectives.self_adversarial import SelfAdversarial
from embedding_features.objectives.shared_softmax import SharedSoftmax
from embedding_features.objectives.weighted_logistic import WeightedLogistic
from embedding_features.objectives.weighted_positives import WeightedPositives

__all__ = [
    "BPR",
    "N3",
    "AlignmentUniformity",
    "BilateralSoftmax",
    "CosineContrastive",
    "InfoNCE",
    "Infomax",
    "LatentDivergence",
    "LogLoss",
    "Logistic",
    "Margin",
    "MaxMargin",
    "Objective",
    "OneVsAll",
    "SampledSoftmax",
    "ScoreObjective",
    "SelfAdversarial",
    "SharedSoftmax",
    "Step",
    "WeightedLogistic",
    "WeightedPositives",
    "n3",
    "one_vs_all_loss",
]
