"""The training loop of all trained methods."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.progress import SILENT, Progress, tell_check
from embedding_features.training.checkpoint import Checkpoints, RunState
from embedding_features.training.run_tensors import RunTensors
from embedding_features.training.settings import Training


def train(
    model: nn.Module,
    losses: Callable[[int], Iterator[Tensor]],
    settings: Training,
    *,
    steps: int,
    validate: Callable[[], float] | None = None,
    after_step: Callable[[], None] | None = None,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    progress: Progress = SILENT,
) -> dict[str, float]:
    """Train ``model`` in place; its weights end as those of the best check, or the last without checks.

    Chance enters through ``losses`` alone, a function of the epoch, and through torch's generator, seeded
    anew every epoch: a run resumed from a checkpoint ends bit for bit as one that was never killed, given
    the same machine, libraries and number of threads.

    Args:
        model: the network to train, on its device.
        losses: epoch (from 1) → the loss of each of its steps, differentiable in the model's parameters.
        settings: optimizer, epochs, and how often the run is checked and saved.
        steps: number of steps in an epoch, for the progress bar.
        validate: the metric to stop on, higher is better; None trains for all epochs.
        after_step: what is done to the weights after each step, such as putting back those that are frozen.
        seed: of torch's generator.
        checkpoints: where a killed run resumes from; None keeps none.
        progress: where the run reports each step, and each check to a :class:`.ChecksProgress`.

    Returns:
        Number of ``epochs`` run, ``best_epoch``, ``loss`` of the last epoch, ``fit_seconds``, and the best
        ``validation`` metric where there was one.

    Raises:
        TrainingError: when the loss is not finite or diverges, or the checkpoint is of another run.
    """
    parameters = dict(model.named_parameters())
    optimizer = settings.optimizer.build(list(parameters.values()))
    tensors = RunTensors(parameters, optimizer, checkpoints)
    state = tensors.resume()
    started = time.perf_counter() - state.seconds
    with torch.random.fork_rng(), progress.task("train", total=settings.epochs * steps) as advance:
        advance(state.epoch * steps)
        while not state.finished:
            epoch = state.epoch + 1
            _seed_torch(seed, epoch)
            decay = _Decay(settings, optimizer, steps, state.epoch * steps)
            loss = _run_epoch(losses(epoch), optimizer, advance, decay, after_step)
            state = tensors.check_epoch(state, epoch, loss)
            last = epoch == settings.epochs
            if validate is not None and (last or epoch % settings.evaluate_every == 0):
                metric = validate()
                tell_check(progress, epoch, metric)
                state = tensors.keep_if_best(state, metric)
                stale = (epoch - state.best_epoch) // settings.evaluate_every
                last = last or stale >= settings.patience
            state = state.model_copy(update={"seconds": time.perf_counter() - started, "finished": last})
            advance(0, _status(state))
            if last or epoch % settings.checkpoint_every == 0:
                tensors.save(state)
    tensors.restore_best()
    return _figures(state)


def _seed_torch(seed: int, epoch: int) -> None:
    """Seed torch's generator for one epoch."""
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]))


def _run_epoch(
    losses: Iterator[Tensor],
    optimizer: torch.optim.Optimizer,
    advance: Callable[..., None],
    decay: "_Decay",
    after_step: Callable[[], None] | None,
) -> float:
    """Take a step for each loss and return their mean."""
    total: Tensor | float = 0.0
    count = 0
    for loss in losses:
        decay.set()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if after_step is not None:
            after_step()
        total = total + loss.detach()
        count += 1
        advance(1)
    return float(total) / count


class _Decay:
    """Sets the learning rate of each step, as a function of how many came before."""

    def __init__(self, settings: Training, optimizer: torch.optim.Optimizer, steps: int, done: int) -> None:
        self._optimizer, self._first = optimizer, settings.optimizer.lr
        self._total = settings.epochs * steps if settings.lr_decay == "linear" else 0
        self._done = done

    def set(self) -> None:
        """Set the rate of the next step."""
        if self._total:
            left = max(1 - self._done / self._total, 0.0)
            for group in self._optimizer.param_groups:
                group["lr"] = self._first * left
            self._done += 1


def _status(state: RunState) -> str:
    """Return the line beside the progress bar."""
    best = "" if state.best is None else f" best {state.best:.4f} at {state.best_epoch}"
    return f"epoch {state.epoch} loss {state.loss:.4f}{best}"


def _figures(state: RunState) -> dict[str, float]:
    """Return what :func:`train` returns, of a finished run."""
    figures = {
        "epochs": float(state.epoch),
        "best_epoch": float(state.best_epoch or state.epoch),
        "loss": float(state.loss or 0.0),
        "fit_seconds": state.seconds,
    }
    return figures if state.best is None else figures | {"validation": state.best}
