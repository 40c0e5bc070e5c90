"""All compositions and all parts that this library has, imported together.

A written composition is read back by the kinds of its parts (:class:`.Part`), whose classes must be imported
by then. Therefore ``embedding_features.methods.Method`` comes from here.
"""

from embedding_features.config import Part
from embedding_features.encoders import NGCF, NIA, LightPropagation, Lookup
from embedding_features.methods.base import Method
from embedding_features.methods.closed_form import ClosedForm
from embedding_features.methods.trained import Trained
from embedding_features.multitask import Sum, Uncertainty
from embedding_features.objectives import (
    BPR,
    N3,
    BilateralSoftmax,
    CosineContrastive,
    Logistic,
    Margin,
    OneVsAll,
    SampledSoftmax,
    SelfAdversarial,
    WeightedLogistic,
    WeightedPositives,
)
from embedding_features.sampling import (
    InBatchPairs,
    ItemNeighbours,
    Pairs,
    Popularity,
    Queries,
    SharedNegatives,
    Triples,
    Uniform,
)
from embedding_features.scorers import ComplEx, Cosine, DistMult, Dot, RotatE, TransE
from embedding_features.solvers.bpmf import BPMF
from embedding_features.solvers.ials import IALS
from embedding_features.solvers.line import LINE, PTE
from embedding_features.solvers.proximity import DNGR, SDNE, TADW, GraRep, NetMF, ProNE
from embedding_features.solvers.sgns import SGNS, SkipGramOfWalks
from embedding_features.solvers.spectral import Spectral
from embedding_features.solvers.vbmf import VBMF
from embedding_features.walks import BiasedWalks, HistoryWalks, MetapathWalks, TemporalWalks, UniformWalks

__all__ = ["PARTS", "ClosedForm", "Method", "Trained"]

PARTS: tuple[type[Part], ...] = (
    *(NGCF, NIA, LightPropagation, Lookup),
    *(BPR, BilateralSoftmax, Logistic, Margin, N3, OneVsAll, SampledSoftmax, SelfAdversarial),
    *(CosineContrastive, WeightedLogistic, WeightedPositives),
    *(InBatchPairs, ItemNeighbours, Pairs, Popularity, Queries, SharedNegatives, Triples, Uniform),
    *(ComplEx, Cosine, DistMult, Dot, RotatE, TransE),
    *(Sum, Uncertainty),
    *(BPMF, IALS, Spectral, VBMF),
    *(LINE, PTE, SGNS, SkipGramOfWalks),
    *(DNGR, SDNE, TADW, GraRep, NetMF, ProNE),
    *(BiasedWalks, HistoryWalks, MetapathWalks, TemporalWalks, UniformWalks),
)
