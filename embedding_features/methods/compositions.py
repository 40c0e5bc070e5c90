"""All compositions and all parts that this library has, imported together.

A written composition is read back by the kinds of its parts (:class:`.Part`), whose classes must be imported
by then. Therefore ``embedding_features.methods.Method`` comes from here.
"""

from embedding_features import encoders, multitask, objectives, sampling, scorers, walks
from embedding_features.evaluate import baselines
from embedding_features.methods.base import Method
from embedding_features.methods.closed_form import ClosedForm
from embedding_features.methods.trained import Trained
from embedding_features.solvers import (
    bpmf,
    ials,
    item_weights,
    line,
    proximity,
    sgns,
    spectral,
    svd_gcn,
    vbmf,
)

__all__ = ["ROOMS", "ClosedForm", "Method", "Trained"]

#: whose parts a composition may be made of; a new part of the first line is found by being in its room
ROOMS = (
    *(baselines, encoders, multitask, objectives, sampling, scorers, walks),
    *(bpmf, ials, item_weights, line, proximity, sgns, spectral, svd_gcn, vbmf),
)
