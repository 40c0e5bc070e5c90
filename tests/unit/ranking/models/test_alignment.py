"""Domain alignment's parts: gradient reversal, the adversary, towers, learned weights, the term, settings."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from embedding_features.config import load_config, parse_config
from embedding_features.discrepancy import coral, mmd2_unbiased
from embedding_features.errors import ConfigError, DataError
from embedding_features.multitask import UncertaintyWeights
from ranking.inputs.fields import Number
from ranking.inputs.inputs import Inputs
from ranking.models.alignment import MMD, Adversarial, Coral, DomainAlignment, TowerSettings
from ranking.models.alignment.adversarial import DomainClassifier, reverse_gradient
from ranking.models.alignment.term import AlignmentTerm, strength
from ranking.models.alignment.towers import Separation, SharedTower, difference_loss, scale_invariant_error
from ranking.models.module import RankerNetwork
from ranking.models.schema import Schema
from ranking.models.tensors import Batch


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch_of(values: list[float], domain: list[int] | None) -> Batch:
    """Rows of one number; of odd rows no label is known."""
    labels = [math.nan if row % 2 else 1.0 for row in range(len(values))]
    inputs = Inputs(
        torch.tensor(labels).numpy(),
        (Number("number", "base", torch.tensor(values).numpy()),),
        domain=None if domain is None else torch.tensor(domain).numpy(),
    )
    return Batch.of(inputs, Schema.of(inputs))


def test_reversed_gradient_golden():
    """Forward nothing, backward −λ times: d/dx Σ x² = 2x becomes −λ 2x."""
    x = torch.tensor([1.0, -3.0], requires_grad=True)
    turned = reverse_gradient(x, 0.25)
    assert turned.tolist() == [1.0, -3.0]
    turned.square().sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [-0.5, 1.5]


def test_schedule_golden():
    """λ_0 = 0, λ_.1 = 2 / (1 + 1/e) − 1 = tanh(½), λ_1 = tanh(5)."""
    assert strength(0) == 0
    assert strength(0.1) == pytest.approx(math.tanh(0.5), abs=1e-12)
    assert strength(1) == pytest.approx(math.tanh(5), abs=1e-12)


def test_domain_classifier_weighs_domains_alike_and_reverses_only_below():
    """Logits ±a: log loss log(1 + e^−a) of one domain's row, of three of the other; half of the sum."""
    adversary = DomainClassifier(1, 1, generator=generator())
    for parameter, value in zip(adversary.parameters(), (1.0, 0.0, 2.0, -1.0), strict=True):
        parameter.data.fill_(value)  # logit = 2 relu(x) − 1
    source, target = torch.zeros(1, 1, requires_grad=True), torch.ones(3, 1, requires_grad=True)
    loss = adversary(source, target, 0.3)
    assert float(loss.detach()) == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-6)
    loss.backward()
    # d loss / d target = ½ · ⅓ · −σ(−1) · 2, turned round
    assert target.grad is not None
    assert target.grad.flatten().tolist() == pytest.approx([0.3 * (1 / 3) / (1 + math.e)] * 3, abs=1e-6)
    # the classifier's own last weight, not turned: ½ · −σ(−1) · relu(1)
    own = [p.grad for p in adversary.parameters()]
    assert float(own[2]) == pytest.approx(-0.5 / (1 + math.e), abs=1e-6)


def test_uncertainty_golden():
    """s = (0, log 4): 3 + 0 + 8 / 4 + log 2."""
    weights = UncertaintyWeights(2)
    losses = torch.tensor([3.0, 8.0])
    assert float(weights(losses).detach()) == pytest.approx(11.0)
    weights.log_variance.data[1] = math.log(4)
    assert float(weights(losses).detach()) == pytest.approx(3 + 2 + math.log(2), abs=1e-6)
    assert weights.weights().tolist() == pytest.approx([1, 0.25])


def test_uncertainty_learns_half_the_inverse_and_stays_bounded():
    """At rest a loss L weighs 1 / 2L; a loss of 0 does not weigh without end."""
    weights = UncertaintyWeights(3)
    optimizer = torch.optim.Adam(weights.parameters(), lr=0.05)
    for _ in range(600):
        optimizer.zero_grad()
        weights(torch.tensor([0.1, 2.0, 0.0])).backward()
        optimizer.step()
    assert weights.weights()[:2].tolist() == pytest.approx([5, 0.25], rel=0.01)
    assert float(weights.weights()[2]) == pytest.approx(math.exp(4), rel=1e-5)


def test_difference_golden():
    """Rows ±(1, 0) against ±(0, 1) in step: HᵀH' has one entry, of mean 1; out of step it is 0."""
    shared = torch.tensor([[1.0, 0], [-1, 0], [1, 0], [-1, 0]])
    in_step = torch.tensor([[0.0, 3], [0, -3], [0, 3], [0, -3]])
    out_of_step = torch.tensor([[0.0, 3], [0, 3], [0, -3], [0, -3]])
    assert float(difference_loss(shared, in_step)) == pytest.approx(1, abs=1e-6)
    assert float(difference_loss(shared, out_of_step)) == pytest.approx(0, abs=1e-12)
    assert float(difference_loss(shared + 5, in_step - 2)) == pytest.approx(1, abs=1e-5)  # centred


def test_scale_invariant_error_golden():
    """Errors (1, 3): 10 / 2 − 16 / 4 = 1; errors (2, 2): nothing; mean ½."""
    x = torch.tensor([[1.0, 3.0], [5.0, 7.0]])
    rebuilt = torch.tensor([[0.0, 0.0], [3.0, 5.0]])
    assert float(scale_invariant_error(x, rebuilt)) == pytest.approx(0.5, abs=1e-6)


class Linear(RankerNetwork):
    """Representation (x, 2x); logit the sum of it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([[1.0, 2.0]]))

    def represent(self, batch: Batch) -> Tensor:
        return batch.continuous @ self.weight

    def head(self, representation: Tensor) -> Tensor:
        return representation.sum(1)


def test_term_compares_the_domains_of_a_batch():
    """Rows without a label count as well; beside a lone row of a domain there is nothing to compare."""
    model = Linear()
    batch = batch_of([0.0, 1.0, 2.0, 4.0, 6.0], [0, 1, 0, 1, 1])
    representation = model.represent(batch)
    expected = mmd2_unbiased(representation[[0, 2]], representation[[1, 3, 4]])
    term = MMD(weight=0.5, slope=2.0).term(2, 4, generator())
    found = [float(term(representation, batch).detach()) for _ in range(6)]
    # tanh(½ slope p): the pull grows over 4 steps, and stays
    pulls = [math.tanh(p) for p in (0, 0.25, 0.5, 0.75, 1, 1)]
    assert found == pytest.approx([0.5 * pull * float(expected.detach()) for pull in pulls])
    term = Coral(slope=1e9).term(2, 1, generator())
    term(representation, batch)
    assert float(term(representation, batch).detach()) == pytest.approx(
        float(coral(representation[[0, 2]], representation[[1, 3, 4]]).detach())
    )
    alone = replace(batch, domain=torch.tensor([0, 0, 0, 0, 1]))
    assert float(term(representation, alone)) == 0
    with pytest.raises(DataError, match="without a domain"):
        term(representation, replace(batch, domain=None))


def test_towers_head_reads_the_shared_one_and_the_ranker_learns_through_it():
    """No gradient reaches the ranker through the private towers; the term sees the shared half."""
    model, batch = Linear(), batch_of([0.0, 1.0, 2.0, 4.0], [0, 1, 0, 1])
    tall = SharedTower(model, 2, 8, generator())
    representation = tall.represent(batch)
    assert representation.shape == (4, 4)
    assert torch.equal(representation[:, 2:], model.represent(batch))
    assert torch.allclose(tall(batch), tall.shared(model.represent(batch)).sum(1))
    separation = Separation(2, 8, difference=0.0, reconstruction=1.0, generator=generator())
    shared = representation[:, :2].detach()
    loss = separation(shared, representation[:, 2:], batch.domain)
    loss.backward()
    assert model.weight.grad is None
    assert all(
        float(p.grad.abs().sum()) > 0 for p in separation.decoder[1].parameters() if p.grad is not None
    )
    towers = TowerSettings(hidden=8, difference=0.0, reconstruction=0.0)
    both = MMD(towers=towers, slope=100.0).term(4, 1, generator())
    both(representation, batch)  # the first step has no pull yet
    expected = mmd2_unbiased(representation[[0, 2], :2], representation[[1, 3], :2])
    assert float(both(representation, batch).detach()) == pytest.approx(float(expected.detach()), abs=1e-6)


def test_separation_learns_to_give_the_representation_back():
    """The private towers and the decoder bring reconstruction down and keep shared and private apart."""
    x = torch.randn(64, 4, generator=generator(1))
    domain = (torch.arange(64) % 2).long()
    separation = Separation(4, 32, difference=1.0, reconstruction=1.0, generator=generator())
    optimizer = torch.optim.Adam(separation.parameters(), lr=0.01)
    first = float(separation(x, x, domain).detach())
    for _ in range(200):
        optimizer.zero_grad()
        loss = separation(x, x, domain)
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1 * first


def test_settings_from_yaml(tmp_path):
    """What a ranker's YAML says becomes the member of that kind, and survives JSON."""
    (tmp_path / "alignment.yaml").write_text("{kind: mmd, weight: 0.3, towers: {hidden: 16}}")
    alignment = load_config(tmp_path / "alignment.yaml", DomainAlignment)
    assert alignment == MMD(weight=0.3, towers=TowerSettings(hidden=16))
    for settings in (alignment, Coral(weight="uncertainty"), Adversarial(slope=5.0)):
        assert DomainAlignment.model_validate_json(settings.model_dump_json()) == settings
        assert isinstance(settings.term(4, 10, generator()), AlignmentTerm)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "wasserstein"}, "no DomainAlignment of kind 'wasserstein'"),
        ({"kind": "mmd", "weight": 0}, "weight 0.0 is not above 0"),
        ({"kind": "mmd", "weight": "learned"}, "uncertainty"),
        ({"kind": "mmd", "weight": "uncertainty"}, "set estimate: biased"),
        ({"kind": "mmd", "factors": [1.0, -1.0]}, "not all above 0"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(ConfigError, match=message):
        parse_config(settings, DomainAlignment, "the ranker")
