"""Training by the softmax over all nodes, or over some."""

from typing import Literal

import numpy as np
import torch
from pydantic import Field, SerializeAsAny
from torch import Tensor

from embedding_features.arrays import I64, positions_in_runs
from embedding_features.config import Config
from embedding_features.errors import ConfigError, DataError, TrainingError
from embedding_features.graph.triples import QueryAnswers, TripleArrays
from embedding_features.objectives import n3, one_vs_all_loss
from embedding_features.scorers import RelationScorer


class OneVsAll(Config):
    """Settings of the training of vectors of nodes and a relation operator, with reciprocal relations.

    Every triple is learned from both sides, its source as the target of the reciprocal relation (Lacroix et
    al., ICML 2018, section 3). A step is of so many queries, pairs of a source and a relation,
    with all the known targets of each: on fb15k237 they are 3.6 times fewer than triples.

    Attributes:
        scorer: settings of the operator; its metric is the dot product or L2.
        dim: width of the vectors.
        std: standard deviation of the normal distribution that the nodes' vectors start from.
        optimizer: Adagrad (Duchi et al. 2011) or Adam (Kingma & Ba 2015).
        lr: learning rate.
        batch_size: queries in a step.
        n3: weight of the penalty :func:`.n3`, for operators that multiply; 0 for none.
        sampled: nodes drawn at random that a step compares its queries with, beside its own targets, each
            weighted by one over its chance to be there; None compares with all nodes.
    """

    scorer: SerializeAsAny[RelationScorer]
    dim: int = Field(default=200, ge=1)
    std: float = Field(default=1e-3, gt=0)
    optimizer: Literal["adagrad", "adam"] = "adagrad"
    lr: float = Field(default=0.1, gt=0)
    batch_size: int = Field(default=256, ge=1)
    n3: float = Field(default=0.0, ge=0)
    sampled: int | None = Field(default=None, ge=1)


class OneVsAllRun:
    """A training that is under way, an epoch at a time.

    Attributes:
        vectors: [nodes, dim] the nodes' vectors.
        compare: the operator, with 2 · relations relations: reciprocal ones after the graph's own.
        known: the queries that are learned from.

    Args:
        settings: of the training.
        triples: to learn from; one that is there twice counts once.
        nodes: number of nodes.
        relations: number of relations.
        seed: of the vectors at the start, the order of the queries and the nodes that are drawn.

    Raises:
        ConfigError: when the operator's metric is neither the dot product nor L2.
        DataError: when there are no triples.
        GraphError: when a triple is of nodes or relations that there are not.
    """

    def __init__(
        self, settings: OneVsAll, triples: TripleArrays, nodes: int, relations: int, *, seed: int = 0
    ) -> None:
        if len(triples.src) == 0:
            raise DataError("no triples to learn from")
        self.known = QueryAnswers.of(triples.with_inverses(relations), nodes, 2 * relations)
        generator = torch.Generator().manual_seed(seed)
        start = torch.randn(nodes, settings.dim, generator=generator) * settings.std
        self.vectors = torch.nn.Parameter(start)
        self.compare = settings.scorer.build(2 * relations, settings.dim, generator)
        if self.compare.metric not in ("dot", "l2"):
            raise ConfigError(
                f"a score by {self.compare.metric} against all nodes is no product of matrices",
                fix="use metric: l2, or sampled negatives",
            )
        self._settings = settings
        self._optimizer = _optimizer(settings, [self.vectors, *self.compare.parameters()])
        self._chances = _chances(self.known, settings)
        self._random = np.random.default_rng(seed)

    def epoch(self) -> float:
        """Take each query once, in a new random order, and return the mean loss of the steps.

        Raises:
            TrainingError: when the loss is no longer a number.
        """
        order = self._random.permutation(len(self.known.src))
        size = self._settings.batch_size
        losses = [self._step(order[at : at + size]) for at in range(0, len(order), size)]
        loss = float(torch.stack(losses).mean())
        if not np.isfinite(loss):
            raise TrainingError(f"the loss is {loss}", fix=f"lower the learning rate {self._settings.lr:g}")
        return loss

    def _step(self, queries: I64) -> Tensor:
        loss = self._loss(queries)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return loss.detach()

    def _loss(self, queries: I64) -> Tensor:
        """Return the loss of [b] queries with all their known targets, a scalar."""
        src = self.vectors.index_select(0, torch.from_numpy(self.known.src[queries]))
        relation = torch.from_numpy(self.known.relation[queries])
        rows, targets = self._edges(queries)
        metric = self.compare.metric
        assert metric in ("dot", "l2")
        nodes, places, chances = self._candidates(targets)
        query = self.compare.query(src, relation)
        loss = one_vs_all_loss(query, nodes, rows, places, metric, chances=chances)
        if self._settings.n3 == 0:
            return loss
        compare = self.compare
        moduli = (compare.squared_moduli(src), compare.relation_squared_moduli(relation))
        ends = (*(one[rows] for one in moduli), compare.squared_moduli(self.vectors.index_select(0, targets)))
        return loss + self._settings.n3 * n3(ends)

    def _candidates(self, targets: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the [n, dim] vectors that a step compares with, each target's place, and the [n] chances."""
        if self._settings.sampled is None:
            return self.vectors, targets, None
        drawn = torch.from_numpy(self._random.integers(0, len(self.vectors), self._settings.sampled))
        rows, places = torch.unique(torch.cat([targets, drawn]), return_inverse=True)
        return self.vectors.index_select(0, rows), places[: len(targets)], self._chances[rows]

    def _edges(self, queries: I64) -> tuple[Tensor, Tensor]:
        """Return [edges] which of [b] queries each known edge is of, and [edges] its target."""
        starts, stops = self.known.indptr[queries], self.known.indptr[queries + 1]
        count = stops - starts
        rows = np.repeat(np.arange(len(queries)), count)
        targets = self.known.indices[starts[rows] + positions_in_runs(count)]
        return torch.from_numpy(rows), torch.from_numpy(targets.astype(np.int64))


def _optimizer(settings: OneVsAll, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    if settings.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=settings.lr, fused=True)
    return torch.optim.Adagrad(parameters, lr=settings.lr, fused=True)


def _chances(known: QueryAnswers, settings: OneVsAll) -> Tensor:
    """Return the [nodes] chances that a step compares with a node: as a target of its queries, or drawn."""
    queries, nodes = len(known.src), known.nodes
    share = min(settings.batch_size / queries, 1.0)
    asked = np.bincount(known.indices, minlength=nodes)
    missed = (1 - share) ** asked * (1 - 1 / nodes) ** (settings.sampled or 0)
    return torch.from_numpy((1 - missed).astype(np.float32))
