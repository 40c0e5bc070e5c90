"""The file that a search is kept in: a journal of JSON lines, which a killed process leaves fit to go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.pruners import MedianPruner
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from embedding_features.errors import DataError
from embedding_features.files import locked_folder, write_atomic

_NAME = "tune"
#: trials that run to their end before any is pruned, and the epochs that each trial has in any case
_UNPRUNED_TRIALS, _UNPRUNED_EPOCHS = 5, 10


@contextmanager
def open_study(folder: Path | None) -> Iterator[optuna.Study]:
    """Yield the Optuna study of a folder, found or made, which no other process has at the same time.

    A trial that a killed process left undone is marked as failed, which no other trial is (``Trials``).

    Args:
        folder: where the journal lies; None keeps the study in memory.

    Raises:
        DataError: when another process holds the folder, or the journal cannot be read.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # every study made and found would be a line
    if folder is None:
        yield _study(InMemoryStorage())
        return
    with locked_folder(folder):
        study = _study(_storage(folder / "journal.jsonl"))
        for undone in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(undone.number, state=TrialState.FAIL)
        yield study


def _study(storage: BaseStorage) -> optuna.Study:
    pruner = MedianPruner(n_startup_trials=_UNPRUNED_TRIALS, n_warmup_steps=_UNPRUNED_EPOCHS)
    return optuna.create_study(
        storage=storage, study_name=_NAME, direction="maximize", load_if_exists=True, pruner=pruner
    )


def _storage(path: Path) -> JournalStorage:
    """Return a journal's storage, once what a kill may have left is mended."""
    path.with_name(path.name + ".lock").unlink(missing_ok=True)  # Optuna's own, held for a line; we hold ours
    if path.exists():
        lines = path.read_bytes()
        whole = lines[: lines.rfind(b"\n") + 1]
        if whole != lines:
            write_atomic(path, whole)
    try:
        return JournalStorage(JournalFileBackend(str(path)))
    except (ValueError, LookupError, TypeError) as error:
        raise DataError(
            f"{path} is not the journal of a search: {error}", fix=f"remove {path.parent} to search anew"
        ) from None
