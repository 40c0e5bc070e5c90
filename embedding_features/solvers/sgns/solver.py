"""Skip-gram with negative sampling over walks."""

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
from pydantic import Field, SerializeAsAny

from embedding_features.arrays import F32
from embedding_features.config import Part
from embedding_features.errors import GraphError
from embedding_features.progress import SILENT, Progress
from embedding_features.sampling.negatives import Negatives, Popularity
from embedding_features.solvers.sgns.kernel import Model, Schedule, train
from embedding_features.solvers.sgns.noise import noise_of
from embedding_features.solvers.sgns.sigmoid import sigmoid_table
from embedding_features.walks.base import Walker
from embedding_features.walks.draws import Purpose, key_of

#: nodes of the walks that are in memory at a time: 4 MiB
_BATCH = 1 << 20


@dataclass(frozen=True)
class SkipGram:
    """Holds the vectors of a skip-gram; rows that no walk met are as they were drawn.

    Attributes:
        vectors: [rows, dim] float32 of nodes as inputs: the embeddings.
        contexts: [rows, dim] float32 of nodes as outputs; σ of the inner product of a vector and a context is
            the probability that a pair is no noise.
        pairs: on which they were trained.
    """

    vectors: F32
    contexts: F32
    pairs: int


class SGNS(Part):
    """Trains skip-grams with negative sampling on walks that are drawn as they are needed.

    word2vec (Mikolov et al., NIPS 2013, eq. 4) on walks, as DeepWalk and node2vec do: a node of a walk, and
    each of those at most a number of steps away that is drawn from 1 to ``window``, are a pair; negatives are
    drawn from the node's own type. They are drawn once for each node of a walk and shared by its pairs (Ji et
    al., Parallelizing Word2Vec in Shared and Distributed Memory, 2016): their rows stay in the cache. The
    rate falls linearly with the walks, to 1e-4 as by gensim. Nothing of the walks is kept.

    At one thread (``NUMBA_NUM_THREADS=1`` or ``numba.set_num_threads(1)``) the vectors are a function of
    walker and seed. More threads share the rows without locks: the walks, windows and negatives stay the
    same, the vectors differ from run to run.

    Attributes:
        dim: width of the vectors.
        walks_per_node: walks from each start.
        window: largest distance of a pair, in steps.
        negatives: how many, and from which distribution; five by the degree to the power of 3/4 by default.
        learning_rate: of the first walk.
    """

    kind: Literal["sgns"] = "sgns"
    dim: int = Field(default=128, ge=1)
    walks_per_node: int = Field(default=10, ge=1)
    window: int = Field(default=10, ge=1)
    negatives: SerializeAsAny[Negatives] = Popularity(count=5)
    learning_rate: float = Field(default=0.025, ge=1e-4)

    def fit(self, walker: Walker, *, seed: int = 0, progress: Progress = SILENT) -> SkipGram:
        """Learn the vectors of the walker's rows.

        Args:
            walker: what draws the walks.
            seed: of first vectors, walks, windows and negatives.
            progress: is told of the walks.

        Raises:
            ConfigError: when the seed is negative.
            GraphError: when no walk can start.

        Example:
            >>> from embedding_features.graph.csr import CSR
            >>> from embedding_features.walks import UniformWalks
            >>> ring = CSR.from_edges(np.arange(4), (np.arange(4) + 1) % 4, (4, 4))
            >>> SGNS(dim=2, walks_per_node=1, window=2).fit(UniformWalks(length=6).over(ring)).vectors.shape
            (4, 2)
        """
        total = len(walker.starts) * self.walks_per_node
        if not total:
            raise GraphError("a skip-gram of walks over a graph without edges", fix="give a graph with edges")
        key, threads = key_of(seed, Purpose.PAIRS), numba.get_num_threads()
        model = self._start(walker.rows, seed)
        noise = noise_of(walker.degrees, walker.spans, self.negatives.table)
        schedule = Schedule(self.learning_rate, 1e-4, total)
        settings = (self.window, self.negatives.count, key, threads)
        pairs = first = 0
        with progress.task("sgns", total) as advance:
            for walks in walker.rounds(self.walks_per_node, seed=seed, batch=max(1, _BATCH // walker.length)):
                pairs += train(walks, first, model, noise, schedule, *settings)
                first += len(walks)
                advance(len(walks))
        return SkipGram(model.vectors, model.contexts, pairs)

    def _start(self, rows: int, seed: int) -> Model:
        """Return vectors drawn evenly from -1/2 to 1/2 over dim, and contexts of zeros, as word2vec's."""
        rng = np.random.default_rng(key_of(seed, Purpose.VECTORS))
        vectors = (rng.random((rows, self.dim), np.float32) - np.float32(0.5)) / np.float32(self.dim)
        return Model(vectors, np.zeros((rows, self.dim), np.float32), sigmoid_table())
