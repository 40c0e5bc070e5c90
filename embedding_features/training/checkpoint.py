"""Checkpoints, from which a killed run ends as if it had not been killed.

A checkpoint is a safetensors file of weights and optimizer state, and ``checkpoint.json``, replaced in one
step, which names that file and its SHA-256. A process killed between the two leaves the previous checkpoint
whole.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from pydantic import ValidationError
from safetensors import SafetensorError
from torch import Tensor

from embedding_features.config import Config
from embedding_features.errors import TrainingError
from embedding_features.files import sha256_file, write_atomic

_INDEX = "checkpoint.json"


class RunState(Config):
    """The progress of a run.

    Attributes:
        epoch: epochs done.
        best_epoch: epoch of the best check, 0 before the first.
        best: the metric at the best check, None before the first.
        first_loss: mean loss of the first epoch, to tell a diverging run.
        loss: mean loss of the last epoch.
        seconds: time spent in the loop by all processes so far.
        finished: whether no epochs are left.
    """

    epoch: int = 0
    best_epoch: int = 0
    best: float | None = None
    first_loss: float | None = None
    loss: float | None = None
    seconds: float = 0.0
    finished: bool = False


class _Index(Config):
    """The content of ``checkpoint.json``."""

    format: int = 1
    run: str
    file: str
    sha256: str
    state: RunState


class Checkpoints:
    """Saves and loads the checkpoints of one run in one folder.

    Args:
        folder: where they lie; made when it is not there.
        run: identity of the run: hash of composition, seed, data and start.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self.folder = folder
        self.run = run

    def save(self, state: RunState, tensors: Mapping[str, Tensor]) -> None:
        """Replace the last checkpoint."""
        name = f"epoch-{state.epoch:06d}{'-finished' if state.finished else ''}.safetensors"
        path = self.folder / name
        write_atomic(
            path, safetensors.torch.save({k: t.detach().cpu().contiguous() for k, t in tensors.items()})
        )
        index = _Index(run=self.run, file=name, sha256=sha256_file(path), state=state)
        write_atomic(self.folder / _INDEX, index.model_dump_json(indent=2).encode())
        for old in self.folder.glob("epoch-*.safetensors"):
            if old.name != name:
                old.unlink(missing_ok=True)

    def load(self) -> tuple[RunState, dict[str, Tensor]] | None:
        """The last checkpoint, or None where there is none.

        Raises:
            TrainingError: when it is of another run, or altered.
        """
        path = self.folder / _INDEX
        if not path.exists():
            return None
        fix = f"remove {self.folder}, or give another folder"
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            index = _Index.model_validate(data)
            if index.run != self.run:
                raise TrainingError(
                    f"the checkpoint in {self.folder} is of another run:"
                    " its method, seed, data or start differ",
                    fix=fix,
                )
            file = self.folder / Path(index.file).name
            if sha256_file(file) != index.sha256:
                raise TrainingError(f"{file} is not what checkpoint.json says: altered", fix=fix)
            return index.state, safetensors.torch.load_file(file)
        except (OSError, ValueError, ValidationError, SafetensorError) as error:
            raise TrainingError(f"the checkpoint in {self.folder} cannot be read: {error}", fix=fix) from None
