"""Link prediction: the filtered rank of both ends of each held-out triple."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from embedding_features.arrays import F32, F64, I64
from embedding_features.errors import DataError
from embedding_features.evaluate.comparable import comparable
from embedding_features.evaluate.filtered_rank_kernels import filtered_ranks
from embedding_features.graph.triples import QueryAnswers, TripleArrays, check_triples
from embedding_features.progress import SILENT, Advance, Progress
from embedding_features.scorers.distance_kernels import distance_scores
from embedding_features.scorers.metric import ScorerMetric
from embedding_features.scorers.relations import RelationCompare

#: scores held at once: 16 M float32, 64 MB
_BLOCK_SCORES = 1 << 24


@dataclass(frozen=True)
class FilteredRanks:
    """Ranks from 1; the figures are means over both sides of all triples.

    Attributes:
        src: [triples] float64 ranks of the sources.
        dst: [triples] float64 ranks of the targets.
    """

    src: F64
    dst: F64

    @property
    def mrr(self) -> float:
        """The mean reciprocal rank."""
        return float((1 / self._both()).mean())

    @property
    def mean_rank(self) -> float:
        """The mean rank."""
        return float(self._both().mean())

    def hits(self, k: int) -> float:
        """Return the share of ranks that are at most ``k``."""
        return float((self._both() <= k).mean())

    def _both(self) -> F64:
        return np.concatenate([self.src, self.dst])


def rank_triples(
    compare: RelationCompare,
    vectors: F32,
    triples: TripleArrays,
    known: TripleArrays,
    *,
    reciprocal: bool,
    progress: Progress = SILENT,
) -> FilteredRanks:
    """Rank each triple's target, and its source, among all nodes that make no known triple in its place.

    This is the filtered setting of Bordes et al. (NIPS 2013, section 4.2). Of equal scores a rank is the mean
    of the best and the worst place ("realistic"; Berrendorf et al., On the Ambiguity of Rank-Based
    Evaluation, 2020, section 3), so that vectors that are all equal earn nothing.

    Scores are computed in blocks of 64 MB: triples × nodes is never held whole.

    Args:
        compare: the trained operator.
        vectors: [nodes, dim] float32.
        triples: what to rank; relations are the graph's own.
        known: all that is known to be true, from training, validation and test alike.
        reciprocal: whether the operator has learned, after the graph's relations, as many reciprocal ones,
            by which sources are searched as targets; else its ``source_query`` is used.
        progress: where each block is reported.

    Raises:
        DataError: when there is nothing to rank, or vectors or scores are not finite.
        GraphError: when a triple is of nodes or relations that there are not.
    """
    nodes, relations = len(vectors), len(compare.relations)
    relations = relations // 2 if reciprocal else relations
    check_triples(triples, nodes, relations)
    _check_finite(vectors)
    if len(triples.src) == 0:
        raise DataError("no triples to rank")
    check_triples(known, nodes, relations)
    answers = QueryAnswers.of(known.with_inverses(relations), nodes, 2 * relations)
    back = triples.inverted(relations)
    find_source = compare.query if reciprocal else _without_reciprocals(compare, relations)
    with progress.task("rank triples", 2 * len(triples.src)) as advance:
        dst = _ranks(compare.query, compare.metric, vectors, triples, answers, advance)
        src = _ranks(find_source, compare.metric, vectors, back, answers, advance)
    return FilteredRanks(src, dst)


#: vectors [b, dim] and relations [b] → queries [b, dim]
_Query = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _without_reciprocals(compare: RelationCompare, relations: int) -> _Query:
    """Return how an operator without reciprocal relations answers their queries."""
    return lambda dst, relation: compare.source_query(dst, relation - relations)


def _ranks(
    query: _Query,
    metric: ScorerMetric,
    vectors: F32,
    triples: TripleArrays,
    known: QueryAnswers,
    advance: Advance,
) -> F64:
    """Return the [m] ranks of the triples' targets."""
    ranks = np.empty(len(triples.src), np.float64)
    block = max(1, _BLOCK_SCORES // len(vectors))
    starts, stops = known.runs(triples.src, triples.relation)
    score = _scores(vectors, metric)
    for start in range(0, len(ranks), block):
        some = slice(start, start + block)
        with torch.no_grad():
            src = torch.from_numpy(vectors[triples.src[some]])
            queries = query(src, torch.from_numpy(triples.relation[some])).numpy()
        scores, answers = score(queries), triples.dst[some]
        _check_scores(scores, answers)
        filtered_ranks(scores, answers, starts[some], stops[some], known.indices, ranks[some])
        advance(len(answers))
    return ranks


def _scores(targets: F32, metric: ScorerMetric) -> Callable[[F32], F32]:
    """Return a function from [b, dim] queries to [b, nodes] numbers that order targets as the metric does."""
    if metric == "l1" or metric == "moduli":
        return lambda queries: distance_scores(queries, targets, metric == "moduli")
    return lambda queries: _product(*comparable(queries, targets, metric))


def _product(left: F32, right: F32) -> F32:
    return left @ right.T


def _check_finite(vectors: F32) -> None:
    if not np.isfinite(vectors).all():
        raise DataError("vectors hold NaN or infinity", fix="train them with a lower learning rate")


def _check_scores(scores: F32, answers: I64) -> None:
    if not np.isfinite(scores[np.arange(len(answers)), answers]).all():
        raise DataError("scores are beyond float32", fix="train the vectors with a lower learning rate")
