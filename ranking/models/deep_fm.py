"""DeepFM: a factorization machine and deep networks over the same embeddings."""

from typing import Literal

import torch
from torch import Tensor, nn

from ranking.models.features import FeatureArch, TowerRanker, TwoTowers
from ranking.models.layers import LastLayer
from ranking.models.lookup import bag_sum
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.schema import Schema
from ranking.models.sparse import mean_weights
from ranking.models.tensors import Batch

#: brings a projected vector, of length about 1, to the length that ids' embeddings start from
STRENGTH = 0.1


class DeepFM(TowerRanker):
    """Guo et al., DeepFM: A Factorization-Machine based Neural Network for CTR Prediction, IJCAI 2017.

    logit = w · x + Σ_{i<j} ⟨e_i, e_j⟩ + v · [discrete tower, continuous tower] + b, with e the embeddings of
    discrete fields and of pretrained vectors, which the towers read too. In the products a vector's embedding
    is as long at first as an id's: its length of about 1 would start the logits far from any base rate.
    """

    kind: Literal["deep_fm"] = "deep_fm"

    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return DeepFMNetwork(self, train, schema, generator)


class DeepFMNetwork(ConcatenatedNetwork):
    """b rows, k discrete fields, v vectors, d the embedding's dimension."""

    def __init__(self, settings: DeepFM, train: Batch, schema: Schema, generator: torch.Generator) -> None:
        super().__init__()
        self.features = FeatureArch(settings, train, schema, generator)
        self.first = FirstOrder(schema, self.features.dense.columns)
        self.towers = TwoTowers(
            (self.features.discrete, self.features.continuous),
            settings.discrete,
            settings.continuous,
            generator,
        )
        self.over = LastLayer(self.towers.width, generator, added=1)
        #: [v] what the vectors' embeddings are multiplied by before the products
        self.strength = nn.Parameter(torch.full((self.features.vectors.fields,), STRENGTH))

    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """Both towers' last layers, and the factorization machine's sum [b, 1]."""
        seen = self.features(batch)
        embeddings = seen.sparse
        if seen.vectors.shape[1] > 0:
            embeddings = torch.cat([embeddings, seen.vectors * self.strength[:, None]], dim=1)
        machine = self.first(batch, seen.dense) + fm_interaction(embeddings)
        return (*self.towers(seen.discrete, seen.continuous), machine[:, None])

    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits


def fm_interaction(embeddings: Tensor) -> Tensor:
    """[b] Σ_{i<j} ⟨e_i, e_j⟩ of [b, f, d], as ½ Σ_d (Σ_i e_id)² − Σ_i e_id² (Rendle, Factorization Machines,
    ICDM 2010, lemma 3.1)."""
    return (embeddings.sum(1).square() - embeddings.square().sum(1)).sum(1) / 2


class FirstOrder(nn.Module):
    """[b] w · x: a weight a code, a bag's weighted and a history's mean, and a weight a number."""

    def __init__(self, schema: Schema, columns: int) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.zeros(schema.rows, 1))
        self.numbers = nn.Parameter(torch.zeros(columns))
        self.offsets = [sequence.offset for sequence in schema.histories]

    def forward(self, batch: Batch, dense: Tensor) -> Tensor:
        ids = [
            batch.categorical,
            *(codes for codes, _ in batch.bags),
            *(codes for codes, _ in batch.histories),
        ]
        weights = [torch.ones(batch.categorical.shape), *(weights for _, weights in batch.bags)]
        for offset, (codes, _) in zip(self.offsets, batch.histories, strict=True):
            weights.append(mean_weights(codes != offset))
        summed = bag_sum(self.codes, torch.cat(ids, dim=1), torch.cat(weights, dim=1))
        return summed[:, 0] + dense @ self.numbers
