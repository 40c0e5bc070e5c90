"""Methods that learn by gradient steps."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Literal, cast

import numpy as np
import torch
from pydantic import Field, SerializeAsAny
from torch import Tensor, nn

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import RELATION, Embeddings
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.artifact.metric import Metric, served_metric
from embedding_features.config import config_hash
from embedding_features.encoders.base import Encoder, Network
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.methods.base import Method, Run
from embedding_features.methods.fold_ins import project_messages
from embedding_features.methods.previous import Previous, start_from
from embedding_features.methods.relation_vectors import relation_table, start_relations
from embedding_features.methods.task import Task
from embedding_features.multitask import Sum, Weighting
from embedding_features.objectives.base import Step
from embedding_features.sampling.ahead import ahead
from embedding_features.sampling.base import Examples, Sampler
from embedding_features.scorers.base import Compare
from embedding_features.training.checkpoint import Checkpoints
from embedding_features.training.held_out import HeldOut
from embedding_features.training.loop import train
from embedding_features.training.settings import Training, resolve_device
from embedding_features.training.validation import hold_out


class Trained(Method):
    """A composition of a view of the graph, a network, one or more tasks, and a training.

    With early stopping it learns from the edges left after the validation split and keeps the weights of the
    best check; there is no second fit on all edges. Then the network sees the whole graph once more, so that
    vectors made by propagation use every edge. (In a lookup a node all of whose pairs were held out keeps the
    vector it started with.)

    Attributes:
        encoder: settings of the network that makes the vectors.
        tasks: what is drawn, scored and minimised. An epoch is one pass of the first; the others go round.
        weighting: how the losses of several tasks become one.
        training: optimizer, batches, epochs, early stopping and device.
    """

    kind: Literal["trained"] = "trained"
    encoder: SerializeAsAny[Encoder]
    tasks: tuple[Task, ...] = Field(min_length=1)
    weighting: SerializeAsAny[Weighting] = Sum()
    training: Training

    @property
    def metric(self) -> Metric:
        """How two of its vectors are compared at retrieval: as the first task's scorer compares."""
        return served_metric(self.tasks[0].scorer.metric)

    @property
    def weight_uses(self) -> tuple[WeightUse, ...]:
        """Say how the samplers, and an encoder that reads edges, use the weights of the view's edges."""
        if self.view.weights == "one":
            return ("ignored",)
        samplers = tuple(task.sampler.weights for task in self.tasks)
        return (*samplers, *((self.encoder.weights,) if self.encoder.weights else ()))

    def _fit(self, view: GraphView, run: Run) -> Embeddings:
        generator = torch.Generator().manual_seed(run.seed)
        network = self.encoder.build(view, generator)
        scorers = self._build_scorers(view, generator)
        parts = TrainedParts(network, scorers, self.weighting.build(len(self.tasks)))
        previous = None
        if run.init is not None:
            freeze = tuple(name for name in self.freeze if name != RELATION)
            previous = start_from(network, run.init, run.graph, view, self.previous_l2, freeze)
            start_relations(scorers[0], run.init, view, network.rotation, freeze=RELATION in self.freeze)
        figures = self._train(parts, previous, view, run)
        with torch.no_grad():
            vectors = torch.cat(list(network().values())).numpy()
        return self._embeddings(
            run,
            view,
            {t: (np.arange(n), vectors[view.span(t)]) for t, n in view.counts.items()},
            relations=relation_table(scorers[0], view, network.rotation),
            scorer=self.tasks[0].scorer.name,
            figures=figures,
            encoder=network,
            own_fold_ins=_fold_ins(network, view, vectors),
        )

    def _build_scorers(self, view: GraphView, generator: torch.Generator) -> list[Compare]:
        """Build the scorers, of which equal settings share one; relation k has the reciprocal k + r."""
        built: dict[str, Compare] = {}
        for task in self.tasks:
            key = task.scorer.model_dump_json()
            if key not in built:
                built[key] = task.scorer.build(2 * len(view.relations), self.encoder.dim, generator)
        return [built[task.scorer.model_dump_json()] for task in self.tasks]

    def _train(
        self, parts: "TrainedParts", previous: Previous | None, view: GraphView, run: Run
    ) -> dict[str, float]:
        """Train ``parts`` in place, show the network all of ``view`` at the end, and return the figures."""
        checkpoints = self._checkpoints(parts, view, run)
        device = resolve_device(self.training.device)
        held_out = hold_out(run.graph, self.view, view, self.training, run.seed)
        seen = view if held_out is None else held_out.view
        network = parts.network
        parts.to(device).train()
        network.observe(seen)

        def losses(epoch: int) -> Iterator[Tensor]:
            network.start_epoch()
            planned = (
                [network.plan(one) for one in batches] for batches in self._batches(seen, run.seed, epoch)
            )
            for batches in ahead(planned, network.ahead):
                yield self._loss(parts, [batch.to(device) for batch in batches], previous)

        def put_back() -> None:
            cast(Previous, previous).put_back(network)

        def measure() -> float:
            parts.eval()
            figure = cast(HeldOut, held_out).measure(network, parts.scorer(0))
            parts.train()
            return figure

        figures = train(
            parts,
            losses,
            self.training,
            steps=self.tasks[0].sampler.steps(seen, self.training.batch_size),
            validate=None if held_out is None else measure,
            after_step=put_back if previous is not None and previous.frozen.any() else None,
            seed=run.seed,
            checkpoints=checkpoints,
            progress=run.progress,
        )
        parts.to("cpu").eval()
        network.observe(view)
        return figures

    def _batches(self, view: GraphView, seed: int, epoch: int) -> Iterator[Sequence[Examples]]:
        """Yield the examples of all tasks of each step."""
        first, *others = (task.sampler for task in self.tasks)
        size = self.training.batch_size
        own = first.epoch(view, size, seed=seed, epoch=epoch)
        rest = [_go_round(sampler, view, size, (seed, epoch, n)) for n, sampler in enumerate(others, 1)]
        return zip(own, *rest, strict=False)

    def _loss(self, parts: "TrainedParts", batches: Sequence[Examples], previous: Previous | None) -> Tensor:
        """Return the loss of a step, a scalar."""
        losses = []
        for number, (task, examples) in enumerate(zip(self.tasks, batches, strict=True)):
            encoded, ego = parts.network.encode(examples)
            step = Step(examples, encoded, ego, parts.scorer(number))
            loss = task.objective.loss(step)
            for penalty in task.penalties:
                loss = loss + penalty.loss(step)
            if previous is not None and previous.l2:
                loss = loss + previous.pull(examples, ego, parts.network)
            losses.append(task.weight * loss)
        return losses[0] if len(losses) == 1 else cast(Tensor, parts.weighting(torch.stack(losses)))

    def _checkpoints(self, parts: "TrainedParts", view: GraphView, run: Run) -> Checkpoints | None:
        """Return the checkpoints of the run; None without a folder for them.

        They name composition, seed and data, and, of a warm start, the parameters that it starts from.
        """
        if run.checkpoint is None:
            return None
        digest = hashlib.sha256(f"{config_hash(self)}|{run.seed}|{run.graph.fingerprint}".encode())
        edges = [
            a
            for r in view.relations.values()
            for a in (r.forward.indptr, r.forward.indices, r.forward.weights())
        ]
        start = () if run.init is None else [p.detach().numpy() for p in parts.parameters()]
        for array in (*edges, *start):
            digest.update(np.ascontiguousarray(array).data)
        return Checkpoints(run.checkpoint, digest.hexdigest())


class TrainedParts(nn.Module):
    """Holds everything of a method that is trained.

    Args:
        network: of the encoder.
        scorers: of each task; tasks may share one.
        weighting: of the tasks' losses.
    """

    def __init__(self, network: Network, scorers: Sequence[Compare], weighting: nn.Module) -> None:
        super().__init__()
        self.network, self.weighting = network, weighting
        self.scorers = nn.ModuleList(scorers)

    def scorer(self, number: int) -> Compare:
        """Return the scorer of a task."""
        return cast(Compare, self.scorers[number])


def _go_round(sampler: Sampler, view: GraphView, size: int, key: tuple[int, int, int]) -> Iterator[Examples]:
    """Yield a sampler's batches without end, one of its epochs after the other."""
    (seed,) = np.random.SeedSequence(key).generate_state(1)
    for epoch in count(1):
        yield from sampler.epoch(view, size, seed=int(seed), epoch=epoch)


def _fold_ins(network: Network, view: GraphView, vectors: F32) -> dict[str, FoldInParameters]:
    """Return how nodes are folded in by the network's messages; nothing where it has none.

    With several relations, or one between nodes of one type, a node's messages do not come from the edges of
    the first relation alone.
    """
    messages, relation = network.messages(), view.relation()
    if messages is None or len(view.relations) > 1 or relation.src == relation.dst:
        return {}
    src, dst = view.span(relation.src), view.span(relation.dst)
    of_nodes = (messages.vectors @ network.rotation).numpy()
    return {
        relation.src: project_messages(
            relation.dst, of_nodes[dst], relation.reverse, vectors[src], messages.norm
        ),
        relation.dst: project_messages(
            relation.src, of_nodes[src], relation.forward, vectors[dst], messages.norm
        ),
    }
