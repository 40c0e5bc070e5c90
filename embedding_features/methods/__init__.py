"""Methods that learn embeddings, each a short function that returns a frozen composition with a ``fit``.

A method's parts are imported when it is called: torch, numba and scipy take seconds, and whoever lists the
methods with their parameters needs none of them.
"""

from typing import TYPE_CHECKING

from embedding_features.lazy import on_first_use
from embedding_features.methods.als import als
from embedding_features.methods.bpmf import bpmf
from embedding_features.methods.complex import complex
from embedding_features.methods.deepwalk import deepwalk
from embedding_features.methods.dgi import dgi
from embedding_features.methods.direct_au import direct_au
from embedding_features.methods.distmult import distmult
from embedding_features.methods.dngr import dngr
from embedding_features.methods.gat import gat
from embedding_features.methods.gcn import gcn
from embedding_features.methods.graphsage import graphsage
from embedding_features.methods.grarep import grarep
from embedding_features.methods.item2vec import item2vec
from embedding_features.methods.lightgcn import lightgcn
from embedding_features.methods.line import line
from embedding_features.methods.low_rank_ease import low_rank_ease
from embedding_features.methods.low_rank_item_knn import low_rank_item_knn
from embedding_features.methods.metapath2vec import metapath2vec
from embedding_features.methods.metapath2vec_plus_plus import metapath2vec_plus_plus
from embedding_features.methods.mf_bpr import mf_bpr
from embedding_features.methods.mf_softmax import mf_softmax
from embedding_features.methods.mult_vae import mult_vae
from embedding_features.methods.netmf import netmf
from embedding_features.methods.neumf import neumf
from embedding_features.methods.ngcf import ngcf
from embedding_features.methods.nia_gcn import nia_gcn
from embedding_features.methods.node2vec import node2vec
from embedding_features.methods.pinnerformer import pinnerformer
from embedding_features.methods.pinsage import pinsage
from embedding_features.methods.prone import prone
from embedding_features.methods.pte import pte
from embedding_features.methods.r_gcn import r_gcn
from embedding_features.methods.registry import MethodInfo, describe, get_method, make, method, methods
from embedding_features.methods.rotate import rotate
from embedding_features.methods.sasrec import sasrec
from embedding_features.methods.sdne import sdne
from embedding_features.methods.sgl import sgl
from embedding_features.methods.sign import sign
from embedding_features.methods.simgcl import simgcl
from embedding_features.methods.spectral import spectral
from embedding_features.methods.svd_gcn import svd_gcn
from embedding_features.methods.tadw import tadw
from embedding_features.methods.transe import transe
from embedding_features.methods.twhin import twhin
from embedding_features.methods.two_tower import two_tower
from embedding_features.methods.ultragcn import ultragcn
from embedding_features.methods.vbmf import vbmf
from embedding_features.methods.xsimgcl import xsimgcl
from embedding_features.methods.youtube_dnn import youtube_dnn

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
    "deepwalk",
    "describe",
    "dgi",
    "direct_au",
    "distmult",
    "dngr",
    "gat",
    "gcn",
    "get_method",
    "graphsage",
    "grarep",
    "item2vec",
    "lightgcn",
    "line",
    "low_rank_ease",
    "low_rank_item_knn",
    "make",
    "metapath2vec",
    "metapath2vec_plus_plus",
    "method",
    "methods",
    "mf_bpr",
    "mf_softmax",
    "mult_vae",
    "netmf",
    "neumf",
    "ngcf",
    "nia_gcn",
    "node2vec",
    "pinnerformer",
    "pinsage",
    "prone",
    "pte",
    "r_gcn",
    "rotate",
    "sasrec",
    "sdne",
    "sgl",
    "sign",
    "simgcl",
    "spectral",
    "svd_gcn",
    "tadw",
    "transe",
    "twhin",
    "two_tower",
    "ultragcn",
    "vbmf",
    "xsimgcl",
    "youtube_dnn",
]

__getattr__, _ = on_first_use(
    __name__,
    {
        "ClosedForm": "compositions:ClosedForm",
        "Method": "compositions:Method",
        "Trained": "compositions:Trained",
    },
)
