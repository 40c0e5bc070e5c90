"""Methods that learn by gradient steps."""

import hashlib
from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import SerializeAsAny
from torch import Tensor

from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.config import config_hash
from embedding_features.encoders.base import BipartiteEncoder, Encoder
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse
from embedding_features.methods.base import Method, Run
from embedding_features.methods.fold_ins import project_messages
from embedding_features.methods.warm_start import warm_start
from embedding_features.objectives.base import Objective, PairVectors
from embedding_features.sampling.base import PairBatch, Sampler
from embedding_features.scoring import Scorer
from embedding_features.training.checkpoint import Checkpoints
from embedding_features.training.loop import train
from embedding_features.training.rows import ActiveRows
from embedding_features.training.settings import Training, resolve_device
from embedding_features.training.validation import hold_out


class Trained(Method):
    """A composition of a view of the graph, a sampler, an encoder, a scorer, an objective and a training.

    With early stopping it learns from the pairs left after the validation split and keeps the weights of the
    best check; there is no second fit on all pairs. Then the encoder sees the whole graph once more, so that
    vectors made by propagation use every edge. (In a lookup a node all of whose pairs were held out keeps the
    vector it started with.)

    Attributes:
        sampler: draws the positive and negative pairs of each step.
        encoder: settings of the network that makes the vectors.
        scorer: how two vectors are scored while training.
        objective: the loss.
        training: optimizer, batches, epochs, early stopping and device.
    """

    kind: Literal["trained"] = "trained"
    sampler: SerializeAsAny[Sampler]
    encoder: SerializeAsAny[Encoder]
    scorer: SerializeAsAny[Scorer]
    objective: SerializeAsAny[Objective]
    training: Training

    @property
    def weight_uses(self) -> tuple[WeightUse, ...]:
        """Say how the sampler, and an encoder that reads edges, use the weights of the view's edges."""
        if not self.view.use_weights:
            return ("ignored",)
        return (self.sampler.weights, *((self.encoder.weights,) if self.encoder.weights else ()))

    def _fit(self, view: BipartiteView, run: Run) -> Embeddings:
        active = ActiveRows.of(view)
        view = active.compact(view)
        encoder = self.encoder.build(view, torch.Generator().manual_seed(run.seed))
        if run.init is not None:
            warm_start(encoder, run.init, run.graph, active)
        figures = self._train(encoder, active, view, run)
        with torch.no_grad():
            src, dst = (side.numpy() for side in encoder.sides())
        return self._embeddings(
            run,
            view.relation,
            {view.src_type: (active.src, src), view.dst_type: (active.dst, dst)},
            scorer=self.scorer.kind,
            figures=figures,
            encoder=encoder,
            own_fold_ins=self._fold_ins(encoder, view, (src, dst)),
        )

    def _fold_ins(
        self, encoder: BipartiteEncoder, view: BipartiteView, sides: tuple[F32, F32]
    ) -> dict[str, FoldInParameters]:
        """Return how nodes are folded in by the encoder's messages; nothing where it has none."""
        messages = encoder.messages()
        if messages is None:
            return {}
        others = (
            (view.src_type, view.dst_type, messages[1], view.reverse, sides[0]),
            (view.dst_type, view.src_type, messages[0], view.forward, sides[1]),
        )
        symmetric = self.view.norm == "symmetric"
        return {
            node_type: project_messages(other, message.numpy(), edges, own, symmetric)
            for node_type, other, message, edges, own in others
        }

    def _train(
        self, encoder: BipartiteEncoder, active: ActiveRows, view: BipartiteView, run: Run
    ) -> dict[str, float]:
        """Train ``encoder`` in place, let it see all of ``view`` at the end, and return the run's figures."""
        checkpoints = self._checkpoints(encoder, view, run)
        device = resolve_device(self.training.device)
        validation = hold_out(run.graph, self.view, active, self.training, run.seed)
        seen = view if validation is None else validation.view
        encoder.to(device).observe(seen)

        def losses(epoch: int) -> Iterator[Tensor]:
            for batch in self.sampler.epoch(seen, self.training.batch_size, seed=run.seed, epoch=epoch):
                yield self._loss(encoder, batch.to(device))

        figures = train(
            encoder,
            losses,
            self.training,
            steps=self.sampler.steps(seen, self.training.batch_size),
            validate=None if validation is None else lambda: validation.measure(encoder, self.metric),
            seed=run.seed,
            checkpoints=checkpoints,
            progress=run.progress,
        )
        encoder.to("cpu").observe(view)
        return figures

    def _loss(self, encoder: BipartiteEncoder, batch: PairBatch) -> Tensor:
        """Return the objective's loss of a batch, a scalar."""
        src, dst = encoder.sides()
        vectors = _gather(src, dst, batch)
        ego = vectors if src is encoder.src else _gather(encoder.src, encoder.dst, batch)
        return self.objective.loss(vectors, ego, self.scorer)

    def _checkpoints(self, encoder: BipartiteEncoder, view: BipartiteView, run: Run) -> Checkpoints | None:
        """Return the checkpoints of the run; None without a folder for them.

        They name composition, seed and data, and, of a warm start, the parameters that it starts from.
        """
        if run.checkpoint is None:
            return None
        digest = hashlib.sha256(f"{config_hash(self)}|{run.seed}|{run.graph.fingerprint}".encode())
        csr = view.forward
        start = () if run.init is None else (encoder.src.detach().numpy(), encoder.dst.detach().numpy())
        for array in (csr.indptr, csr.indices, csr.weights(), *start):
            digest.update(np.ascontiguousarray(array).data)
        return Checkpoints(run.checkpoint, digest.hexdigest())


def _gather(src: Tensor, dst: Tensor, batch: PairBatch) -> PairVectors:
    """Return the batch's vectors, by one gather a side, because each costs a dense gradient."""
    rows = torch.cat([batch.dst, batch.negatives.flatten()])
    positive, negative = dst.index_select(0, rows).tensor_split([len(batch.dst)])
    shape = (*batch.negatives.shape, dst.shape[1])
    return PairVectors(src.index_select(0, batch.src), positive, negative.view(shape))
