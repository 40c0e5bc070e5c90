"""The tensors of a training run: kept at the best check, saved, and restored."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from embedding_features.errors import TrainingError
from embedding_features.training.checkpoint import Checkpoints, RunState

#: a mean loss so many times that of the first epoch (or of 1, if that was smaller) is a diverging run
_DIVERGED = 10.0


class RunTensors:
    """Holds the tensors of a run: weights, optimizer state, and the weights of the best check.

    Args:
        parameters: name → parameter of the network, changed in place.
        optimizer: of these parameters.
        checkpoints: where they are saved; None saves nothing.
    """

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

    def check_epoch(self, state: RunState, epoch: int, loss: float) -> RunState:
        """Check that an epoch of mean loss ``loss`` went well, and return the state after it.

        Raises:
            TrainingError: when the loss or a weight is not finite, or the loss has diverged.
        """
        first = loss if state.first_loss is None else state.first_loss
        finite = math.isfinite(loss) and all(bool(p.isfinite().all()) for p in self.parameters.values())
        if not finite or loss > _DIVERGED * max(first, 1.0):
            raise TrainingError(
                f"training diverged: the loss of epoch {epoch} is {loss:.4g}, of the first {first:.4g}",
                fix="lower the learning rate, or look for extreme weights in the relation",
            )
        return state.model_copy(update={"epoch": epoch, "loss": loss, "first_loss": first})

    def keep_if_best(self, state: RunState, metric: float) -> RunState:
        """Keep a copy of the weights if ``metric`` is the best so far, and return the state that says so."""
        if state.best is not None and metric <= state.best:
            return state
        self.best = {name: p.detach().clone() for name, p in self.parameters.items()}
        return state.model_copy(update={"best": metric, "best_epoch": state.epoch})

    def restore_best(self) -> None:
        """Set the weights to those of the best check, where there was one."""
        with torch.no_grad():
            for name, tensor in self.best.items():
                self.parameters[name].copy_(tensor)

    def save(self, state: RunState) -> None:
        """Replace the last checkpoint by one of the tensors as they are."""
        if self.checkpoints is None:
            return
        tensors: dict[str, Tensor] = {f"model/{name}": p for name, p in self.parameters.items()}
        tensors |= {f"best/{name}": t for name, t in self.best.items()}
        for name, p in self.parameters.items():
            tensors |= {f"optimizer/{name}/{key}": t for key, t in self.optimizer.state[p].items()}
        self.checkpoints.save(state, tensors)

    def resume(self) -> RunState:
        """Set all tensors to those of the last checkpoint and return its state; a new state without one.

        Raises:
            TrainingError: when the checkpoint is of another run, or altered.
        """
        loaded = self.checkpoints.load() if self.checkpoints else None
        if loaded is None:
            return RunState()
        state, tensors = loaded
        for name, p in self.parameters.items():
            with torch.no_grad():
                p.copy_(tensors[f"model/{name}"])
            self.optimizer.state[p] = _with_prefix(tensors, f"optimizer/{name}/", p.device)
            if f"best/{name}" in tensors:
                self.best[name] = tensors[f"best/{name}"].to(p.device)
        return state


def _with_prefix(tensors: dict[str, Tensor], prefix: str, device: torch.device) -> dict[str, Any]:
    """Return the tensors whose names begin with ``prefix``, without it, on ``device``."""
    return {k.removeprefix(prefix): t.to(device) for k, t in tensors.items() if k.startswith(prefix)}
