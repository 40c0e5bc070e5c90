"""Methods: each a short function that returns a frozen composition, ready to ``fit``."""

from embedding_features.methods.als import als
from embedding_features.methods.base import ClosedForm, Method
from embedding_features.methods.bpmf import bpmf
from embedding_features.methods.lightgcn import lightgcn
from embedding_features.methods.mf_bpr import mf_bpr
from embedding_features.methods.registry import MethodInfo, describe, get_method, make, method, methods
from embedding_features.methods.spectral import spectral
from embedding_features.methods.trained import Trained

__all__ = [
    "ClosedForm",
    "Method",
    "MethodInfo",
    "Trained",
    "als",
    "bpmf",
    "describe",
    "get_method",
    "lightgcn",
    "make",
    "method",
    "methods",
    "mf_bpr",
    "spectral",
]
