"""Skip-gram with negative sampling over walks."""

import hashlib
from pathlib import Path
from typing import Literal

import numba
import numpy as np
from pydantic import Field, SerializeAsAny

from embedding_features.arrays import I64, Bool
from embedding_features.config import Part, config_hash
from embedding_features.errors import GraphError
from embedding_features.progress import SILENT, Progress
from embedding_features.sampling.negatives import Negatives, Popularity
from embedding_features.solvers.sgns.checkpoint import Checkpoint, Done
from embedding_features.solvers.sgns.kernel import Schedule, train
from embedding_features.solvers.sgns.noise import noise_of
from embedding_features.solvers.sgns.start import SkipGram, first_model, hold_of
from embedding_features.walks.base import Walker
from embedding_features.walks.draws import Purpose, key_of

#: nodes of the walks that are in memory at a time: 4 MiB
_BATCH = 1 << 20


class SGNS(Part):
    """Trains skip-grams with negative sampling on walks that are drawn as they are needed.

    word2vec (Mikolov et al., NIPS 2013, eq. 4) on walks, as DeepWalk and node2vec do: a node of a walk, and
    each of those at most a number of steps away that is drawn from 1 to ``window``, are a pair; negatives are
    drawn once for each node of a walk and shared by its pairs (Ji et
    al., Parallelizing Word2Vec in Shared and Distributed Memory, 2016): their rows stay in the cache. The
    rate falls linearly with the walks, to 1e-4 as by gensim. Nothing of the walks is kept; they are drawn
    twice, first to count how often they stand at each node.

    At one thread (``NUMBA_NUM_THREADS=1`` or ``numba.set_num_threads(1)``) the vectors are a function of
    walker and seed. More threads share the rows without locks: the walks, windows and negatives stay the
    same, the vectors differ from run to run.

    Attributes:
        dim: width of the vectors.
        walks_per_node: walks from each start.
        window: largest distance of a pair, in steps.
        negatives: how many, and from which distribution over how often walks stand at a node; five by that
            count to the power of 3/4 by default.
        noise: whether negatives are drawn from the node's own type (metapath2vec++, Dong et al., KDD 2017,
            section 3.3) or from all (metapath2vec, section 3.2).
        learning_rate: of the first walk.
        l2: weight λ of λ/2 |v - v_start|², which the loss of each pair has for each of its rows that had a
            start; without a start it does nothing.
    """

    kind: Literal["sgns"] = "sgns"
    dim: int = Field(default=128, ge=1)
    walks_per_node: int = Field(default=10, ge=1)
    window: int = Field(default=10, ge=1)
    negatives: SerializeAsAny[Negatives] = Popularity(count=5)
    noise: Literal["own_type", "all_types"] = "own_type"
    learning_rate: float = Field(default=0.025, ge=1e-4)
    l2: float = Field(default=0.0, ge=0)

    def fit(
        self,
        walker: Walker,
        *,
        seed: int = 0,
        start: SkipGram | None = None,
        frozen: Bool | None = None,
        checkpoint: Path | None = None,
        progress: Progress = SILENT,
    ) -> SkipGram:
        """Learn the vectors of the walker's rows.

        Args:
            walker: what draws the walks.
            seed: of first vectors, walks, windows and negatives.
            start: vectors of an earlier graph in rows of this one, NaN for nodes that were not there; those
                start as usual.
            frozen: [rows] which keep both rows of ``start``; None: all move.
            checkpoint: folder in which a killed fit is gone on with, to the same vectors at one thread. It is
                saved to once a minute, more seldom where that takes more than 3 s, and at the end.
            progress: is told of the walks, some 13,000 of 80 nodes at a time.

        Raises:
            ConfigError: when the seed is negative.
            DataError: when ``start`` or ``frozen`` do not fit.
            GraphError: when no walk can start.
            TrainingError: when the checkpoint is of another fit, or altered.

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
        model = first_model(walker.rows, self.dim, seed, start)
        hold = hold_of(start, frozen, self.l2, model.vectors.shape)
        batch = max(1, _BATCH // walker.length)
        types = walker.spans if self.noise == "own_type" else np.array([0, walker.rows])
        settings = (
            hold,
            noise_of(self._counts(walker, seed, batch, progress), types, self.negatives.table),
            Schedule(self.learning_rate, 1e-4, total),
            *(self.window, self.negatives.count, key, threads),
        )
        saved = Checkpoint(checkpoint, self._run(walker, seed, start, frozen) if checkpoint else "")
        done = saved.load(model)
        with progress.task("sgns", total) as advance:
            advance(done.walks)
            for walks in walker.rounds(self.walks_per_node, seed=seed, batch=batch, first=done.walks):
                pairs = train(walks, done.walks, model, *settings)
                done = Done(walks=done.walks + len(walks), pairs=done.pairs + pairs)
                advance(len(walks))
                saved.save(model, done, now=done.walks == total)
        return SkipGram(model.vectors, model.contexts, done.pairs)

    def _counts(self, walker: Walker, seed: int, batch: int, progress: Progress) -> I64:
        """Return [rows] how often all walks stand at each row: word2vec's counts of a corpus."""
        counts = np.zeros(walker.rows, np.int64)
        with progress.task("count walks' nodes", len(walker.starts) * self.walks_per_node) as advance:
            for walks in walker.rounds(self.walks_per_node, seed=seed, batch=batch):
                counts += np.bincount(walks[walks >= 0], minlength=walker.rows)
                advance(len(walks))
        return counts

    def _run(self, walker: Walker, seed: int, start: SkipGram | None, frozen: Bool | None) -> str:
        """Return the identity of a fit, for checkpoints."""
        digest = hashlib.sha256(f"{config_hash(self)}|{seed}|{walker.fingerprint()}".encode())
        arrays = () if start is None else (start.vectors, start.contexts)
        for array in (*arrays, *(() if frozen is None else (frozen,))):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
