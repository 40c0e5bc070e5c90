"""Methods learned by gradient steps."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import SerializeAsAny
from torch import Tensor

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.config import config_hash
from embedding_features.encoders.base import BipartiteEncoder, Encoder
from embedding_features.graph.graph import Graph
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse
from embedding_features.methods.base import Method
from embedding_features.methods.warm_start import warm_start
from embedding_features.objectives.base import Objective, PairVectors
from embedding_features.progress import Progress
from embedding_features.sampling.base import PairBatch, Sampler
from embedding_features.scoring import Scorer
from embedding_features.training.checkpoint import Checkpoints
from embedding_features.training.loop import train
from embedding_features.training.rows import ActiveRows
from embedding_features.training.settings import Training, resolve_device
from embedding_features.training.validation import hold_out


class Trained(Method):
    """View of the graph · sampler · encoder · scorer · objective · training.

    With early stopping it learns from the pairs left after the validation split and keeps the weights of the
    best check; there is no second fit on all pairs. Then the encoder sees the whole graph once more, so that
    vectors made by propagation use every edge. (In a lookup a node all of whose pairs were held out keeps the
    vector it started with.)
    """

    kind: Literal["trained"] = "trained"
    sampler: SerializeAsAny[Sampler]
    encoder: SerializeAsAny[Encoder]
    scorer: SerializeAsAny[Scorer]
    objective: SerializeAsAny[Objective]
    training: Training

    @property
    def weight_uses(self) -> tuple[WeightUse, ...]:
        """See :attr:`Method.weight_uses`."""
        if not self.view.use_weights:
            return ("ignored",)
        return (self.sampler.weights, *((self.encoder.weights,) if self.encoder.weights else ()))

    def _fit(
        self,
        graph: Graph,
        view: BipartiteView,
        *,
        seed: int,
        init: Embeddings | None,
        checkpoint: Path | None,
        progress: Progress,
    ) -> Embeddings:
        active = ActiveRows.of(view)
        view = active.compact(view)
        encoder = self.encoder.build(view, torch.Generator().manual_seed(seed))
        if init is not None:
            warm_start(encoder, init, graph, active)
        checkpoints = None
        if checkpoint is not None:
            warm = None if init is None else encoder
            checkpoints = Checkpoints(checkpoint, self._run_id(graph, view, seed, warm))
        figures = self._train(encoder, graph, active, view, seed, checkpoints, progress)
        with torch.no_grad():
            src, dst = (side.numpy() for side in encoder.sides())
        return self._embeddings(
            graph,
            view.relation,
            {view.src_type: (active.src, src), view.dst_type: (active.dst, dst)},
            seed=seed,
            scorer=self.scorer.kind,
            figures=figures,
            encoder=encoder,
        )

    def _train(
        self,
        encoder: BipartiteEncoder,
        graph: Graph,
        active: ActiveRows,
        view: BipartiteView,
        seed: int,
        checkpoints: Checkpoints | None,
        progress: Progress,
    ) -> dict[str, float]:
        device = resolve_device(self.training.device)
        validation = hold_out(graph, self.view, active, self.training, seed)
        seen = view if validation is None else validation.view
        encoder.to(device).observe(seen)

        def losses(epoch: int) -> Iterator[Tensor]:
            for batch in self.sampler.epoch(seen, self.training.batch_size, seed=seed, epoch=epoch):
                yield self._loss(encoder, batch.to(device))

        figures = train(
            encoder,
            losses,
            self.training,
            steps=self.sampler.steps(seen, self.training.batch_size),
            validate=None if validation is None else lambda: validation.measure(encoder, self.metric),
            seed=seed,
            checkpoints=checkpoints,
            progress=progress,
        )
        encoder.to("cpu").observe(view)
        return figures

    def _loss(self, encoder: BipartiteEncoder, batch: PairBatch) -> Tensor:
        src, dst = encoder.sides()
        vectors = _gather(src, dst, batch)
        ego = vectors if src is encoder.src else _gather(encoder.src, encoder.dst, batch)
        return self.objective.loss(vectors, ego, self.scorer)

    def _run_id(self, graph: Graph, view: BipartiteView, seed: int, warm: BipartiteEncoder | None) -> str:
        """SHA-256 of composition, seed, data, and, of a warm start, the weights it starts from."""
        digest = hashlib.sha256(f"{config_hash(self)}|{seed}|{graph.fingerprint}".encode())
        csr = view.forward
        weights = () if warm is None else (warm.src.detach().numpy(), warm.dst.detach().numpy())
        for array in (csr.indptr, csr.indices, csr.weights(), *weights):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def _gather(src: Tensor, dst: Tensor, batch: PairBatch) -> PairVectors:
    """The batch's vectors; one gather a side, because each costs a dense gradient."""
    rows = torch.cat([batch.dst, batch.negatives.flatten()])
    positive, negative = dst.index_select(0, rows).tensor_split([len(batch.dst)])
    shape = (*batch.negatives.shape, dst.shape[1])
    return PairVectors(src.index_select(0, batch.src), positive, negative.view(shape))
