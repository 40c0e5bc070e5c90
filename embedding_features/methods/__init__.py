"""Methods that learn embeddings, each a short function that returns a frozen composition with a ``fit``.

A method's parts are imported when it is called: torch, numba and scipy take seconds, and whoever lists the
methods with their parameters needs none of them.
"""

from typing import TYPE_CHECKING

from embedding_features.lazy import on_first_use
from embedding_features.methods.als import als
from embedding_features.methods.bpmf import bpmf
from embedding_features.methods.complex import complex
from embedding_features.methods.distmult import distmult
from embedding_features.methods.lightgcn import lightgcn
from embedding_features.methods.mf_bpr import mf_bpr
from embedding_features.methods.registry import MethodInfo, describe, get_method, make, method, methods
from embedding_features.methods.rotate import rotate
from embedding_features.methods.spectral import spectral
from embedding_features.methods.transe import transe
from embedding_features.methods.vbmf import vbmf

if TYPE_CHECKING:
    from embedding_features.methods.compositions import ClosedForm, Method, Trained

__all__ = [
    "ClosedForm",
    "Method",
    "MethodInfo",
    "Trained",
    "als",
    "bpmf",
    "complex",
    "describe",
    "distmult",
    "get_method",
    "lightgcn",
    "make",
    "method",
    "methods",
    "mf_bpr",
    "rotate",
    "spectral",
    "transe",
    "vbmf",
]

__getattr__, _ = on_first_use(
    __name__,
    {
        "ClosedForm": "compositions:ClosedForm",
        "Method": "compositions:Method",
        "Trained": "compositions:Trained",
    },
)
