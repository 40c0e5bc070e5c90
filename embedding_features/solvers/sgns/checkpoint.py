"""Checkpoints of a skip-gram, from which a killed fit goes on.

In the format of training's: a safetensors file, and ``checkpoint.json``, replaced in one step, which names it
and its SHA-256. A process killed between the two leaves the previous checkpoint whole.
"""

import time
from pathlib import Path

import safetensors.numpy
from safetensors import SafetensorError, safe_open

from embedding_features.config import Config
from embedding_features.errors import TrainingError
from embedding_features.files import atomic_file, sha256_file, write_atomic
from embedding_features.records import check_files, read_record
from embedding_features.solvers.sgns.pair import Model

_INDEX = "checkpoint.json"

#: seconds between two checkpoints, at least; and how many times as long as a checkpoint itself takes
_SECONDS, _TIMES = 60.0, 20.0


class Done(Config):
    """Says how far a fit is.

    Attributes:
        walks: trained on.
        pairs: of them.
    """

    walks: int = 0
    pairs: int = 0


class _Index(Config):
    """The content of ``checkpoint.json``."""

    format: int = 1
    run: str
    file: str
    sha256: str
    done: Done


class Checkpoint:
    """Saves and loads the checkpoint of one fit in one folder.

    Args:
        folder: where it lies; made when it is not there. None: nothing is saved.
        run: identity of the fit: hash of settings, seed, walks and start.
    """

    def __init__(self, folder: Path | None, run: str) -> None:
        self.folder = folder
        self.run = run
        self._due = time.monotonic() + _SECONDS

    def save(self, model: Model, done: Done, *, now: bool = False) -> None:
        """Replace the last checkpoint if it is time: once a minute, and in a twentieth of the time at most.

        Args:
            model: what is trained.
            done: how far.
            now: whatever the time.
        """
        if self.folder is None or not (now or time.monotonic() >= self._due):
            return
        started = time.monotonic()
        name = f"walks-{done.walks:015d}.safetensors"
        with atomic_file(self.folder / name) as path:
            safetensors.numpy.save_file({"vectors": model.vectors, "contexts": model.contexts}, path)
        index = _Index(run=self.run, file=name, sha256=sha256_file(self.folder / name), done=done)
        write_atomic(self.folder / _INDEX, index.model_dump_json(indent=2).encode())
        for old in self.folder.glob("walks-*.safetensors"):
            if old.name != name:
                old.unlink(missing_ok=True)
        ended = time.monotonic()
        self._due = ended + max(_SECONDS, _TIMES * (ended - started))

    def load(self, model: Model) -> Done:
        """Put the last checkpoint into ``model``, and return how far it is; nothing where there is none.

        Raises:
            TrainingError: when it is of another fit, or altered.
        """
        if self.folder is None or not (self.folder / _INDEX).exists():
            return Done()
        fix = f"remove {self.folder}, or give another folder"
        index = read_record(self.folder / _INDEX, _Index, "checkpoint", error=TrainingError, again=fix)
        if index.run != self.run:
            raise TrainingError(
                f"the checkpoint in {self.folder} is of another run: settings, seed, walks or start differ",
                fix=fix,
            )
        check_files(self.folder, {index.file: index.sha256}, error=TrainingError, again=fix)
        try:
            with safe_open(self.folder / index.file, framework="numpy") as tensors:
                model.vectors[:] = tensors.get_tensor("vectors")
                model.contexts[:] = tensors.get_tensor("contexts")
        except (OSError, ValueError, SafetensorError) as error:
            raise TrainingError(f"the checkpoint in {self.folder} cannot be read: {error}", fix=fix) from None
        return index.done
