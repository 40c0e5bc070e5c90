"""The divergence of latent variables, by torch's own and by hand."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from embedding_features.encoders import Encoded, EncodedByLatent
from embedding_features.errors import ConfigError
from embedding_features.objectives import LatentDivergence, Step
from embedding_features.sampling import Examples
from embedding_features.scorers import Dot


def step_of(mean: torch.Tensor, log_variance: torch.Tensor, positives: int, epoch: int | None = 1) -> Step:
    sources = torch.arange(len(mean))
    said = None if epoch is None else torch.tensor(epoch)
    examples = Examples(sources, torch.zeros(positives, dtype=torch.int64), sources, epoch=said)
    vectors = torch.zeros(len(mean), 2)
    encoded = EncodedByLatent(vectors, vectors, vectors, mean=mean, log_variance=log_variance)
    return Step(examples, encoded, encoded, Dot().build(2, 2, torch.Generator()))


def test_by_hand() -> None:
    """½ (2² + 1 − 1 − 0) = 2 of the first coordinate, and nothing of the second: .2 · 2 / 4 positives."""
    step = step_of(torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2), positives=4)
    assert LatentDivergence(weight=0.2).loss(step).item() == pytest.approx(0.1)


def test_it_is_the_divergence_from_the_prior() -> None:
    rng = torch.Generator().manual_seed(0)
    mean, log_variance = (torch.randn(5, 3, generator=rng) for _ in range(2))
    of_each = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0))
    found = LatentDivergence(weight=1.0).loss(step_of(mean, log_variance, positives=7))
    torch.testing.assert_close(found, of_each.sum() / 7)


def test_its_weight_rises_over_the_first_epochs() -> None:
    penalty = LatentDivergence(weight=0.4, epochs=8)
    found = [
        penalty.loss(step_of(torch.ones(1, 2), torch.zeros(1, 2), positives=1, epoch=epoch)).item()
        for epoch in (1, 4, 8, 30)
    ]
    assert found == pytest.approx([0.05, 0.2, 0.4, 0.4])


def test_who_has_no_latent_variables_or_epochs_is_refused() -> None:
    step = step_of(torch.zeros(1, 2), torch.zeros(1, 2), positives=1, epoch=None)
    plain = Encoded(step.encoded.src, step.encoded.dst, step.encoded.negatives)
    for one in (step, Step(step.examples._replace(epoch=torch.tensor(1)), plain, plain, step.compare)):
        with pytest.raises(ConfigError, match="latent_divergence needs"):
            LatentDivergence().loss(one)
