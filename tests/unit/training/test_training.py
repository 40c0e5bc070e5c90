"""The loop, its checkpoints and its validation split."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from embedding_features.encoders import Lookup
from embedding_features.errors import ConfigError, TrainingError
from embedding_features.graph import Graph
from embedding_features.graph.view import GraphView, View
from embedding_features.progress import Silent
from embedding_features.scorers import Dot, RotatE
from embedding_features.training import Adam, Training, train
from embedding_features.training.checkpoint import Checkpoints
from embedding_features.training.settings import resolve_device
from embedding_features.training.validation import hold_out

STEPS = 3


class Killed(Exception):  # noqa: N818
    """Stands for the end of the process."""


class Line(nn.Module):
    """Fits w to noisy targets; the noise comes from torch's generator."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(4))
        self.die_at = 0

    def losses(self, epoch: int) -> Iterator[Tensor]:
        for step in range(STEPS):
            if epoch == self.die_at and step == 1:
                raise Killed
            yield (self.w - 1 - 0.1 * torch.randn(4)).square().sum()


def settings(**overrides: object) -> Training:
    values = {"optimizer": Adam(lr=0.05), "epochs": 12, "evaluate_every": 1, "checkpoint_every": 2}
    return Training.model_validate(values | overrides)


def run(line: Line, config: Training, folder: Path | None = None, **kwargs: object) -> dict[str, float]:
    checkpoints = Checkpoints(folder, "this run") if folder else None
    return train(line, line.losses, config, steps=STEPS, checkpoints=checkpoints, **kwargs)


def test_it_learns_and_reports() -> None:
    line = Line()
    figures = run(line, settings(epochs=60))
    np.testing.assert_allclose(line.w.detach(), 1, atol=0.15)
    assert figures["epochs"] == figures["best_epoch"] == 60
    assert figures["loss"] < 0.2
    assert "validation" not in figures


def test_chance_is_the_seeds_and_does_not_touch_the_callers() -> None:
    weights = []
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    for seed in (0, 0, 1):
        line = Line()
        run(line, settings(), seed=seed)
        weights.append(line.w.detach())
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_it_stops_after_patience_and_keeps_the_best_weights() -> None:
    line, seen = Line(), []
    metrics = iter([0.1, 0.5, 0.4, 0.5, 0.3, 0.9])

    def validate() -> float:
        seen.append(line.w.detach().clone())
        return next(metrics)

    figures = run(line, settings(patience=3), validate=validate)
    assert figures["epochs"] == 5
    assert figures["best_epoch"] == 2
    assert figures["validation"] == 0.5
    assert torch.equal(line.w, seen[1])


def test_the_last_epoch_is_checked_even_out_of_turn() -> None:
    line = Line()
    figures = run(line, settings(epochs=7, evaluate_every=5), validate=lambda: line.w.sum().item())
    assert figures["best_epoch"] == 7


@pytest.mark.parametrize("die_at", [1, 2, 3, 8, 12])
def test_a_resumed_run_ends_bit_for_bit_as_an_uninterrupted_one(tmp_path: Path, die_at: int) -> None:
    """Killed in each kind of place: before a checkpoint, right after one, between two, in the last epoch."""

    def validate_of(line: Line) -> float:
        return -abs(line.w.sum().item() - 2)  # best on the way, so that best weights must survive

    whole, killed, resumed, config = Line(), Line(), Line(), settings(patience=12)
    expected = run(whole, config, validate=lambda: validate_of(whole))
    killed.die_at = die_at
    with pytest.raises(Killed):
        run(killed, config, tmp_path, validate=lambda: validate_of(killed))
    figures = run(resumed, config, tmp_path, validate=lambda: validate_of(resumed))
    assert 1 < expected["best_epoch"] < 12
    assert torch.equal(whole.w, resumed.w)
    assert {k: v for k, v in figures.items() if k != "fit_seconds"} == {
        k: v for k, v in expected.items() if k != "fit_seconds"
    }
    again = Line()
    again.die_at = 1  # a finished run takes no further step
    run(again, config, tmp_path, validate=lambda: validate_of(again))
    assert torch.equal(whole.w, again.w)


class Rates(Adam):
    """Adam whose optimizer tells the learning rate of each step."""

    def build(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        optimizer = super().build(parameters)
        optimizer.register_step_pre_hook(lambda own, *_: SEEN.append(own.param_groups[0]["lr"]))
        return optimizer


SEEN: list[float] = []


@pytest.mark.parametrize("decay", ["none", "linear"])
def test_the_learning_rate_falls_linearly_to_nothing_if_asked(decay: str) -> None:
    """Of 4 epochs of 3 steps the k-th step has 1 − k / 12 of the rate; the step after the last had none."""
    SEEN.clear()
    run(Line(), settings(lr_decay=decay, epochs=4).model_copy(update={"optimizer": Rates(lr=0.06)}))
    expected = [0.06 * (1 - k / 12) if decay == "linear" else 0.06 for k in range(12)]
    assert pytest.approx(expected) == SEEN


@pytest.mark.parametrize("die_at", [1, 4, 5, 12])
def test_a_resumed_run_whose_rate_falls_ends_bit_for_bit(tmp_path: Path, die_at: int) -> None:
    whole, killed, resumed = Line(), Line(), Line()
    config = settings(lr_decay="linear")
    run(whole, config)
    killed.die_at = die_at
    with pytest.raises(Killed):
        run(killed, config, tmp_path)
    run(resumed, config, tmp_path)
    assert torch.equal(whole.w, resumed.w)
    constant = Line()
    run(constant, settings())
    assert not torch.equal(whole.w, constant.w)


def test_only_the_last_checkpoint_stays(tmp_path: Path) -> None:
    run(Line(), settings(), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "checkpoint.json",
        "epoch-000012-finished.safetensors",
    ]


def test_killed_while_writing_leaves_the_previous_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tensors of the new checkpoint are there, the index still names the old one."""
    expected, line = Line(), Line()
    run(expected, settings())
    replace = Path.replace

    def die(self: Path, target: Path) -> Path:
        if target.name == "checkpoint.json" and any(tmp_path.glob("epoch-000004*")):
            raise Killed
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(Killed):
        run(line, settings(), tmp_path)
    monkeypatch.undo()
    assert json.loads((tmp_path / "checkpoint.json").read_text())["state"]["epoch"] == 2
    resumed = Line()
    run(resumed, settings(), tmp_path)
    assert torch.equal(expected.w, resumed.w)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    run(Line(), settings(), tmp_path)
    with pytest.raises(TrainingError, match=r"of another run.*\n.*remove"):
        Checkpoints(tmp_path, "that run").load()


@pytest.mark.parametrize("damage", ["altered", "gone", "index"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage: str) -> None:
    run(Line(), settings(), tmp_path)
    (file,) = tmp_path.glob("*.safetensors")
    if damage == "altered":
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
    elif damage == "gone":
        file.unlink()
    else:
        (tmp_path / "checkpoint.json").write_text("{")
    with pytest.raises(TrainingError, match=str(tmp_path)):
        Checkpoints(tmp_path, "this run").load()


def test_an_index_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(Line(), settings(), folder)
    (file,) = folder.glob("*.safetensors")
    file.rename(tmp_path / file.name)
    index = folder / "checkpoint.json"
    index.write_text(index.read_text().replace(file.name, f"..{os.sep}{file.name}"))
    with pytest.raises(TrainingError):
        Checkpoints(folder, "this run").load()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e6])
def test_a_diverging_loss_says_what_to_do(bad: float) -> None:
    line = Line()
    factor = {1: 1.0, 2: bad}
    with pytest.raises(TrainingError, match=r"epoch 2 .*\n.*lower the learning rate"):
        train(line, lambda e: (factor[e] * x for x in line.losses(e)), settings(), steps=STEPS)


def test_weights_that_break_in_the_last_step_are_found() -> None:
    line = Line()

    def losses(_: int) -> Iterator[Tensor]:
        yield line.w.sum() * 0 + (line.w - line.w).abs().sqrt().sum()  # finite, its gradient is not

    with pytest.raises(TrainingError, match="diverged"):
        train(line, losses, settings(), steps=1)


def test_a_missing_device_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    with pytest.raises(TrainingError, match="cuda:1"):
        resolve_device("cuda:1")


@pytest.mark.parametrize(
    "wrong",
    [{"early_stop": "loss"}, {"early_stop": "recall@0"}, {"device": "tpu"}, {"validation": 1.0}, {"x": 1}],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


def graph_of(edges: int, seed: int = 0) -> Graph:
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, 50, edges), rng.integers(0, 40, edges)
    return Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), {("user", "saw", "item"): (src, dst)})


def pairs(view: GraphView) -> set[tuple[int, int]]:
    csr = view.matrix().forward
    return set(zip(csr.sources().tolist(), csr.indices.tolist(), strict=True))


def test_validation_pairs_are_not_learned_from() -> None:
    graph, view = graph_of(1500), View(weights="one")
    whole = view.build(graph)
    validation = hold_out(graph, view, whole, settings(validation=0.2), seed=3)
    assert validation is not None
    wanted = set(zip(validation.wanted.sources().tolist(), validation.wanted.indices.tolist(), strict=True))
    learned = pairs(validation.view)
    assert not learned & wanted
    assert learned | wanted == pairs(whole)
    assert len(wanted) == pytest.approx(0.2 * (len(learned) + len(wanted)), rel=0.15)


def test_the_metric_is_that_of_held_out_pairs() -> None:
    """Vectors that score held-out pairs highest have recall 1; opposite ones 0."""
    graph = graph_of(2000)
    whole = View().build(graph)
    validation = hold_out(graph, View(), whole, settings(validation=0.1, early_stop="recall@15"), seed=0)
    assert validation is not None
    users, items = whole.counts.values()
    network = Lookup(dim=items).build(validation.view, torch.Generator())
    target = torch.zeros(users, items)
    target[validation.wanted.sources().astype(np.int64), validation.wanted.indices.astype(np.int64)] = 1
    compare = Dot().build(2, items, torch.Generator())
    with torch.no_grad():
        network.table.copy_(torch.cat([target, torch.eye(items)]))
        assert validation.measure(network, compare) == 1
        network.table[:users].neg_()
        assert validation.measure(network, compare) < 0.5


@pytest.mark.parametrize("figure", ["auc", "mrr"])
def test_edges_of_all_relations_are_held_out(figure: str) -> None:
    """Vectors that score every true edge highest have an AUC or filtered MRR of 1; opposite ones far less."""
    ring = np.arange(400) % 40
    edges = {("a", "next", "a"): (ring, (ring + 1) % 40), ("a", "after", "a"): (ring, (ring + 2) % 40)}
    graph, view = Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges), View(weights="each")
    whole = view.build(graph)
    validation = hold_out(graph, view, whole, settings(validation=0.3, early_stop=figure), seed=1)
    assert validation is not None
    left = sum(r.forward.edges for r in validation.view.relations.values())
    assert left + len(validation.held.src) == 800
    assert validation.view.nodes is whole.nodes
    angle = 2 * np.pi * np.arange(40) / 40
    network = Lookup(dim=2).build(whole, torch.Generator())
    compare = RotatE(metric="l2").build(4, 2, torch.Generator())
    step = 2 * np.pi / 40 * torch.tensor([[1.0], [2], [-1], [-2]])
    with torch.no_grad():
        network.table.copy_(torch.from_numpy(np.stack([np.cos(angle), np.sin(angle)], 1)))
        compare.relations.copy_(step)
        assert validation.measure(network, compare) > 0.98
        compare.relations.add_(np.pi)
        assert validation.measure(network, compare) < 0.2


def labelled(told: bool) -> Graph:
    """Two hundred nodes of two kinds; each follows ten others, of its own kind where that is told."""
    rng = np.random.default_rng(0)
    src = np.repeat(np.arange(200), 10)
    dst = 2 * rng.integers(0, 100, 2000) + (src % 2 if told else rng.integers(0, 2, 2000))
    nodes = np.arange(200)
    edges = {("a", "follows", "a"): (src, dst), ("a", "is", "kind"): (nodes, nodes % 2)}
    return Graph.from_arrays(datetime(2026, 1, 1, tzinfo=UTC), edges)


def test_labels_can_be_what_is_stopped_on() -> None:
    graph, view = labelled(True), View.of("follows")
    whole = view.build(graph)
    validation = hold_out(graph, view, whole, settings(early_stop="micro_f1:is"), seed=0)
    assert validation is not None
    assert validation.view is whole
    network, compare = Lookup(dim=2).build(whole, torch.Generator()), Dot().build(2, 2, torch.Generator())
    with torch.no_grad():
        network.table.copy_(torch.eye(2)[torch.arange(200) % 2])
    assert validation.measure(network, compare) == 1
    with torch.no_grad():
        network.table.copy_(torch.randn(200, 2, generator=torch.Generator().manual_seed(0)))
    assert validation.measure(network, compare) == pytest.approx(0.5, abs=0.15)


def test_labels_that_are_learned_from_are_refused() -> None:
    graph = labelled(True)
    with pytest.raises(ConfigError, match="must not know"):
        hold_out(graph, View(), View().build(graph), settings(early_stop="micro_f1:is"), seed=0)


def test_ranks_of_a_scorer_without_relations_are_refused() -> None:
    graph = graph_of(2000)
    whole = View().build(graph)
    validation = hold_out(graph, View(), whole, settings(early_stop="mrr", validation=0.3), seed=0)
    assert validation is not None
    network = Lookup(dim=2).build(whole, torch.Generator())
    with pytest.raises(ConfigError, match="set early_stop: auc"):
        validation.measure(network, Dot().build(2, 2, torch.Generator()))


@pytest.mark.parametrize("figure", ["recall@20", "auc"])
def test_too_small_a_graph_trains_without_validation(figure: str) -> None:
    graph = graph_of(300)
    whole = View().build(graph)
    assert hold_out(graph, View(), whole, settings(early_stop=figure), seed=0) is None
    assert hold_out(graph, View(), whole, settings(early_stop=None), seed=0) is None
    alone = Graph.from_arrays(
        datetime(2026, 1, 1, tzinfo=UTC), {("user", "saw", "item"): (np.arange(9), np.zeros(9, np.int64))}
    )
    assert hold_out(alone, View(), View().build(alone), settings(early_stop=figure), seed=0) is None


def test_weights_can_be_put_back_after_each_step() -> None:
    line = Line()

    def put_back() -> None:
        with torch.no_grad():
            line.w[0] = 7.0

    train(line, line.losses, settings(), steps=STEPS, after_step=put_back)
    assert line.w[0] == 7
    assert (line.w[1:] > 0.5).all()


def test_a_progress_that_asks_for_them_is_told_of_the_checks_and_may_end_the_run() -> None:
    class Watch(Silent):
        def __init__(self, last: int) -> None:
            self.seen: list[tuple[int, float]] = []
            self.last = last

        def checked(self, epoch: int, figure: float) -> None:
            self.seen.append((epoch, figure))
            if epoch == self.last:
                raise Killed

    figures = iter([0.1, 0.3, 0.2, 0.4])
    watch = Watch(last=9)
    with pytest.raises(Killed):
        run(Line(), settings(evaluate_every=3), validate=lambda: next(figures), progress=watch)
    assert watch.seen == [(3, 0.1), (6, 0.3), (9, 0.2)]
