"""DeepFM: a factorization machine beside deep networks over the same embeddings."""

from typing import Literal

import torch
from torch import Tensor, nn
from typing_extensions import override

from ranking.models.features import FeatureArch, TowerRanker, TwoTowers
from ranking.models.layers import LastLayer
from ranking.models.lookup import bag_sum
from ranking.models.module import ConcatenatedNetwork, RankerNetwork
from ranking.models.schema import Schema
from ranking.models.sparse import mean_weights
from ranking.models.tensors import Batch

#: multiplies a projected vector, of length about 1, down to the length that embeddings of ids start from
STRENGTH = 0.1


class DeepFM(TowerRanker):
    """Settings of DeepFM, which adds a factorization machine to two deep towers.

    Guo et al., DeepFM: A Factorization-Machine based Neural Network for CTR Prediction, IJCAI 2017.

    logit = w · x + Σ_{i<j} ⟨e_i, e_j⟩ + v · [discrete tower, continuous tower] + b, with e the embeddings of
    discrete fields and of pretrained vectors, which the towers read too. In the products a vector's embedding
    starts as short as an id's: at its own length of about 1 the logits would start far from any base rate.
    """

    kind: Literal["deep_fm"] = "deep_fm"

    @override
    def build(self, train: Batch, schema: Schema, generator: torch.Generator) -> RankerNetwork:
        return DeepFMNetwork(self, train, schema, generator)


class DeepFMNetwork(ConcatenatedNetwork):
    """Adds the factorization machine's logit to that of the two towers."""

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
        #: [v] factors of the vectors' embeddings in the products
        self.strength = nn.Parameter(torch.full((self.features.vectors.fields,), STRENGTH))

    def parts(self, batch: Batch) -> tuple[Tensor, ...]:
        """Return the last layers of both towers, and the factorization machine's logit [b, 1]."""
        seen = self.features(batch)
        embeddings = seen.sparse
        if seen.vectors.shape[1] > 0:
            embeddings = torch.cat([embeddings, seen.vectors * self.strength[:, None]], dim=1)
        machine = self.first(batch, seen.dense) + fm_interaction(embeddings)
        return (*self.towers(seen.discrete, seen.continuous), machine[:, None])

    @override
    def head(self, *parts: Tensor) -> Tensor:
        logits: Tensor = self.over(*parts)
        return logits


def fm_interaction(embeddings: Tensor) -> Tensor:
    """Return [b] Σ_{i<j} ⟨e_i, e_j⟩ of embeddings [b, f, d].

    Computed as ½ Σ_d (Σ_i e_id)² − Σ_i e_id² (Rendle, Factorization Machines, ICDM 2010, lemma 3.1).
    """
    return (embeddings.sum(1).square() - embeddings.square().sum(1)).sum(1) / 2


class FirstOrder(nn.Module):
    """Computes the [b] first-order terms w · x of a factorization machine.

    Each code and each number has a weight; a bag counts the weighted sum over its codes, a history the mean
    over its items.

    Args:
        schema: the discrete fields.
        columns: columns of numbers.
    """

    def __init__(self, schema: Schema, columns: int) -> None:
        super().__init__()
        self.codes = nn.Parameter(torch.zeros(schema.rows, 1))
        self.numbers = nn.Parameter(torch.zeros(columns))
        self.offsets = [history.offset for history in schema.histories]

    def forward(self, batch: Batch, dense: Tensor) -> Tensor:
        """Return the [b] terms.

        Args:
            batch: the codes.
            dense: [b, columns] numbers (:class:`.DenseArch`).
        """
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
