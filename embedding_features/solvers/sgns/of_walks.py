"""Skip-grams of walks as a solver of views."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import SerializeAsAny

from embedding_features.arrays import F32, Bool
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.artifact.metric import Metric
from embedding_features.encoders.lookup import Lookup, LookupNetwork
from embedding_features.graph.propagation import spmm
from embedding_features.graph.relation import Relation
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import Solution, Solver, Start
from embedding_features.solvers.sgns.solver import SGNS
from embedding_features.solvers.sgns.start import SkipGram
from embedding_features.walks.base import Walks


class SkipGramOfWalks(Solver):
    """Trains skip-grams on walks over a view (:class:`.SGNS`).

    Of walks over the items of histories, a source's vector is the mean of its items'.

    Attributes:
        walks: how walks go.
        skip_gram: how vectors are learned from them.
    """

    weights: ClassVar[WeightUse] = "confidence"
    metric: ClassVar[Metric] = "cosine"
    has_start: ClassVar[bool] = True
    holds: ClassVar[bool] = True
    kind: Literal["skip_gram_of_walks"] = "skip_gram_of_walks"
    walks: SerializeAsAny[Walks]
    skip_gram: SGNS

    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,
        checkpoint: Path | None = None,
    ) -> Solution:
        """Learn the vectors of the walks' node types, and the network that a later fit starts from.

        Raises:
            GraphError: when the view has not what the walks go along.
            CompatibilityError: when the start has another dim.
        """
        walker, types = self.walks.over_view(view)
        settings = self.skip_gram
        begin, frozen = None, None
        if start is not None:
            begin, frozen = _in_walkers_rows(start, view, types, settings.dim)
            settings = settings.model_copy(update={"l2": start.l2})
        found = settings.fit(
            walker, seed=seed, start=begin, frozen=frozen, checkpoint=checkpoint, progress=progress
        )
        counts = [len(view.nodes[node_type].rows) for node_type in types]
        ends = np.cumsum(counts)[:-1]
        vectors = dict(zip(types, np.split(found.vectors, ends), strict=True))
        contexts = dict(zip(types, np.split(found.contexts, ends), strict=True))
        fold_ins = {}
        relation = view.relation()
        if relation.src not in vectors and types == (relation.dst,):
            vectors = {relation.src: mean_of_items(relation, vectors[relation.dst]), **vectors}
            fold_ins[relation.src] = FoldInParameters.projection(
                relation.dst, vectors[relation.dst], vectors[relation.src], -1.0
            )
        return Solution(
            vectors,
            fold_ins=fold_ins,
            figures={"pairs": float(found.pairs)},
            encoder=_network(view, vectors, contexts, settings.dim),
        )


def mean_of_items(relation: Relation, items: F32) -> F32:
    """Return [sources, dim] the mean of each source's items, weighted by its edges."""
    edges = relation.forward
    total = np.bincount(edges.sources(), edges.weights(), minlength=edges.rows)[:, None]
    means: F32 = (spmm(edges, items) / np.maximum(total, 1e-30)).astype(np.float32)
    return means


def _in_walkers_rows(
    start: Start, view: GraphView, types: tuple[str, ...], dim: int
) -> tuple[SkipGram, Bool | None]:
    """Return the earlier vectors and contexts, and which rows are frozen, in rows of the walker."""
    none = {t: np.full((len(view.nodes[t].rows), dim), np.nan, np.float32) for t in types}
    vectors = [start.of[t].vectors(dim) if t in start.of else none[t] for t in types]
    contexts = [start.of[t].contexts() if t in start.of else none[t] for t in types]
    begin = SkipGram(np.concatenate(vectors), np.concatenate(contexts))
    if not start.freeze:
        return begin, None
    known = np.isfinite(begin.vectors[:, 0]) & np.isfinite(begin.contexts[:, 0])
    held = np.repeat([t in start.freeze for t in types], [len(x) for x in vectors])
    return begin, known & held


def _network(view: GraphView, vectors: dict[str, F32], contexts: dict[str, F32], dim: int) -> LookupNetwork:
    """Return the lookup whose output the vectors are; nodes that no walk is of have contexts of zeros."""
    part = view.part(tuple(vectors))
    rows = [np.ascontiguousarray(vectors[t]) for t in part.nodes]
    seen = [contexts[t] if t in contexts else np.zeros_like(vectors[t]) for t in part.nodes]
    settings = Lookup(dim=dim, context=True)
    table, context = (torch.from_numpy(np.concatenate(parts)) for parts in (rows, seen))
    return LookupNetwork(settings, part, table, context)
