"""Vectors of graphs of one node type, from matrices that say how near two nodes are."""

from embedding_features.solvers.proximity.base import ProximitySolver
from embedding_features.solvers.proximity.dngr import DNGR
from embedding_features.solvers.proximity.grarep import GraRep
from embedding_features.solvers.proximity.netmf import NetMF
from embedding_features.solvers.proximity.prone import ProNE
from embedding_features.solvers.proximity.sdne import SDNE
from embedding_features.solvers.proximity.tadw import TADW

__all__ = ["DNGR", "SDNE", "TADW", "GraRep", "NetMF", "ProNE", "ProximitySolver"]
