"""Puts PecanPy's walks and gensim's word2vec, at the benchmark's sizes, behind a function each."""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.harness import Timing, timed
from embedding_features.arrays import F32, I32
from embedding_features.graph import CSR
from embedding_features.solvers.sgns import SGNS

#: installed without what they declare (numpy < 2, for one), beside the few that they import
PACKAGES = (
    "gensim==4.4.0",
    "numba-progress==1.2.0",
    "pecanpy==2.0.9",
    "smart-open==7.3.0",
    "wrapt==1.17.3",
)
MODULES = ("gensim", "numba_progress", "pecanpy", "smart_open", "wrapt")


class _Annotations(ModuleType):
    """Stands in for nptyping, which PecanPy writes annotations with and which does not load under numpy 2."""

    Bool = Float32 = UInt32 = UInt64 = object
    NDArray = Shape = defaultdict(lambda: object)


def pecanpy_walks(graph: CSR, order: tuple[float, float] | None, length: int) -> Callable[[int], list[Any]]:
    """Return a function from a number of rounds to PecanPy's walks, on all threads.

    Args:
        graph: each edge in both directions.
        order: p and q of second-order walks, computed as they are needed; None: of the first order.
        length: nodes of a walk.
    """
    import numba

    sys.modules.setdefault("nptyping", _Annotations("nptyping"))
    from pecanpy import pecanpy

    mode, (p, q) = (pecanpy.SparseOTF, order) if order else (pecanpy.FirstOrderUnweighted, (1, 1))
    made = mode(p=p, q=q, workers=numba.get_num_threads(), verbose=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edges.tsv"
        np.savetxt(path, np.column_stack((graph.sources(), graph.indices)), fmt="%d", delimiter="\t")
        made.read_edg(str(path), weighted=False, directed=True)
    made.preprocess_transition_probs()
    return lambda rounds: made.simulate_walks(rounds, length - 1)  # it counts steps


def gensim_training(walks: I32, rows: int, like: SGNS, seed: int) -> tuple[Timing, F32]:
    """Return the time of gensim's pass over the walks, and its [rows, dim] vectors.

    Sentences and vocabulary are made before the clock starts.
    """
    import numba
    from gensim.models import Word2Vec

    names = [str(node) for node in range(rows)]
    sentences = [[names[node] for node in walk if node >= 0] for walk in walks.tolist()]
    model = Word2Vec(
        vector_size=like.dim,
        window=like.window,
        sg=1,
        hs=0,
        negative=like.negatives.count,
        ns_exponent=0.75,
        alpha=like.learning_rate,
        min_alpha=1e-4,
        min_count=0,
        sample=0,
        workers=numba.get_num_threads(),
        seed=seed,
    )
    model.build_vocab(sentences)
    with timed() as timing:
        model.train(sentences, total_examples=len(sentences), epochs=1)
    vectors = np.zeros((rows, like.dim), np.float32)
    vectors[[int(word) for word in model.wv.index_to_key]] = model.wv.vectors
    return timing, vectors
