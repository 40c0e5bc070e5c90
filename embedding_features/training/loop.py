"""The loop every trained method goes through."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.errors import TrainingError
from embedding_features.progress import SILENT, Progress
from embedding_features.training.checkpoint import Checkpoints, RunState
from embedding_features.training.settings import Training

#: a mean loss so many times that of the first epoch (or of 1, if that was smaller) is a diverging run
_DIVERGED = 10.0


def train(
    model: nn.Module,
    losses: Callable[[int], Iterator[Tensor]],
    settings: Training,
    *,
    steps: int,
    validate: Callable[[], float] | None = None,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    progress: Progress = SILENT,
) -> dict[str, float]:
    """Train ``model`` in place; its weights end as those of the best check, or the last without checks.

    Chance enters through ``losses`` alone, a function of the epoch, and through torch's generator, seeded
    anew every epoch: a run resumed from a checkpoint ends bit for bit as one that was never killed, given
    the same machine, libraries and number of threads.

    Args:
        losses: epoch (from 1) → the loss of each of its steps, differentiable in the model's parameters.
        steps: number of steps an epoch, for the progress bar.
        validate: the metric to stop on, higher is better; None trains for all epochs.

    Returns:
        ``epochs`` run, ``best_epoch``, ``loss`` of the last epoch, ``fit_seconds``, and ``validation`` where
        there was one.

    Raises:
        TrainingError: when the loss is not finite or diverges, or the checkpoint is of another run.
    """
    parameters = dict(model.named_parameters())
    optimizer = settings.optimizer.build(list(parameters.values()))
    run = _Run(parameters, optimizer, checkpoints)
    state = run.resume()
    started = time.perf_counter() - state.seconds
    with torch.random.fork_rng(), progress.task("train", total=settings.epochs * steps) as advance:
        advance(state.epoch * steps)
        while not state.finished:
            epoch = state.epoch + 1
            _seed(seed, epoch)
            loss = _epoch(losses(epoch), optimizer, advance)
            state = run.check(state, epoch, loss)
            last = epoch == settings.epochs
            if validate is not None and (last or epoch % settings.evaluate_every == 0):
                state = run.judge(state, validate())
                stale = (epoch - state.best_epoch) // settings.evaluate_every
                last = last or stale >= settings.patience
            state = state.model_copy(update={"seconds": time.perf_counter() - started, "finished": last})
            advance(0, _status(state))
            if last or epoch % settings.checkpoint_every == 0:
                run.save(state)
    run.restore_best()
    return _figures(state)


class _Run:
    """The tensors of a run: weights, optimizer state, best weights."""

    def __init__(
        self,
        parameters: dict[str, nn.Parameter],
        optimizer: torch.optim.Optimizer,
        checkpoints: Checkpoints | None,
    ) -> None:
        self.parameters = parameters
        self.optimizer = optimizer
        self.checkpoints = checkpoints
        self.best: dict[str, Tensor] = {}

    def check(self, state: RunState, epoch: int, loss: float) -> RunState:
        """The state after ``epoch``, unless it went wrong."""
        first = loss if state.first_loss is None else state.first_loss
        finite = math.isfinite(loss) and all(bool(p.isfinite().all()) for p in self.parameters.values())
        if not finite or loss > _DIVERGED * max(first, 1.0):
            raise TrainingError(
                f"training diverged: the loss of epoch {epoch} is {loss:.4g}, of the first {first:.4g}",
                fix="lower the learning rate, or look for extreme weights in the relation",
            )
        return state.model_copy(update={"epoch": epoch, "loss": loss, "first_loss": first})

    def judge(self, state: RunState, metric: float) -> RunState:
        """Keep the weights if ``metric`` is the best so far."""
        if state.best is not None and metric <= state.best:
            return state
        self.best = {name: p.detach().clone() for name, p in self.parameters.items()}
        return state.model_copy(update={"best": metric, "best_epoch": state.epoch})

    def restore_best(self) -> None:
        with torch.no_grad():
            for name, tensor in self.best.items():
                self.parameters[name].copy_(tensor)

    def save(self, state: RunState) -> None:
        if self.checkpoints is None:
            return
        tensors: dict[str, Tensor] = {f"model/{name}": p for name, p in self.parameters.items()}
        tensors |= {f"best/{name}": t for name, t in self.best.items()}
        for name, p in self.parameters.items():
            tensors |= {f"optimizer/{name}/{key}": t for key, t in self.optimizer.state[p].items()}
        self.checkpoints.save(state, tensors)

    def resume(self) -> RunState:
        loaded = self.checkpoints.load() if self.checkpoints else None
        if loaded is None:
            return RunState()
        state, tensors = loaded
        for name, p in self.parameters.items():
            with torch.no_grad():
                p.copy_(tensors[f"model/{name}"])
            self.optimizer.state[p] = _below(tensors, f"optimizer/{name}/", p.device)
            if f"best/{name}" in tensors:
                self.best[name] = tensors[f"best/{name}"].to(p.device)
        return state


def _below(tensors: dict[str, Tensor], prefix: str, device: torch.device) -> dict[str, Any]:
    return {k.removeprefix(prefix): t.to(device) for k, t in tensors.items() if k.startswith(prefix)}


def _seed(seed: int, epoch: int) -> None:
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]))


def _epoch(losses: Iterator[Tensor], optimizer: torch.optim.Optimizer, advance: Callable[..., None]) -> float:
    """The mean loss of one pass."""
    total: Tensor | float = 0.0
    count = 0
    for loss in losses:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total = total + loss.detach()
        count += 1
        advance(1)
    return float(total) / count


def _status(state: RunState) -> str:
    best = "" if state.best is None else f" best {state.best:.4f} at {state.best_epoch}"
    return f"epoch {state.epoch} loss {state.loss:.4f}{best}"


def _figures(state: RunState) -> dict[str, float]:
    figures = {
        "epochs": float(state.epoch),
        "best_epoch": float(state.best_epoch or state.epoch),
        "loss": float(state.loss or 0.0),
        "fit_seconds": state.seconds,
    }
    return figures if state.best is None else figures | {"validation": state.best}
