"""Every composition there is, and with them every part that we ship.

A resolved composition is read back by the kinds of its parts (:class:`.Part`),
which have to be imported by then: ``Method`` of the package comes from here.
"""

from embedding_features.config import Part
from embedding_features.encoders import LightPropagation, Lookup
from embedding_features.methods.attributed import AttributedClosedForm
from embedding_features.methods.base import ClosedForm, Method
from embedding_features.methods.trained import Trained
from embedding_features.objectives import BPR
from embedding_features.sampling import Pairs, Popularity, Uniform
from embedding_features.scoring import Dot
from embedding_features.solvers.bpmf import BPMF
from embedding_features.solvers.ials import IALS
from embedding_features.solvers.spectral import Spectral

__all__ = ["PARTS", "AttributedClosedForm", "ClosedForm", "Method", "Trained"]

PARTS: tuple[type[Part], ...] = (
    *(LightPropagation, Lookup),
    *(BPR, Dot, Pairs, Popularity, Uniform),
    *(BPMF, IALS, Spectral),
)
