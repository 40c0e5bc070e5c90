"""``--track mlflow``: does a job's work inside a run, which never stops the job.

What MLflow refuses is told on stderr, and the command ends with exit code :data:`NOT_TRACKED` after it has
printed the job's result; a job that fails keeps its own exit code.
"""

import io
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from embedding_features.errors import ConfigError, EmbeddingFeaturesError
from jobs.console import note

if TYPE_CHECKING:
    from jobs.mlflow_run import MlflowRun

NOT_TRACKED = 7

#: where we differ from MLflow's defaults, unless the environment says otherwise
_DEFAULTS = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "WARNING"}

Result = dict[str, Any]
Work = Callable[[], Result]


@dataclass(frozen=True)
class TrackedRun:
    """Says what a run is of.

    Attributes:
        job: the name of the command.
        experiment: the one that the run goes to, unless MLFLOW_EXPERIMENT_NAME is set.
        settings: the job's, resolved, as JSON has them.
        fingerprint: returns that of the data, when the job has ended; empty where there is none.
    """

    job: str
    experiment: str
    settings: Mapping[str, Any]
    fingerprint: Callable[[], str] = str


#: does a job's work, and records it or not
Track = Callable[[TrackedRun, Work], Result]


def untracked(tracked: TrackedRun, work: Work) -> Result:  # noqa: ARG001  one of Track
    """Do the work only."""
    return work()


class Tracking:
    """Does a job's work inside an MLflow run.

    Attributes:
        failure: the first thing MLflow refused; empty if it took everything.

    Raises:
        ConfigError: when mlflow is not installed.
    """

    def __init__(self) -> None:
        for name, value in _DEFAULTS.items():
            os.environ.setdefault(name, value)
        try:
            with _stdout_to_notes():
                import mlflow  # noqa: F401
        except ImportError as error:
            fix = 'pip install "embedding-features[mlflow]"'
            raise ConfigError("--track mlflow: mlflow is not installed", fix=fix) from error
        self.failure = ""
        self._run: MlflowRun | None = None

    def __call__(self, tracked: TrackedRun, work: Work) -> Result:
        """Do the work; the run ends FINISHED, FAILED with the job's error, or KILLED by an interrupt."""
        try:
            self._attempt(partial(self._begin, tracked))
            result = work()
            self._with_run(lambda run: run.log_result(result))
        except BaseException as error:
            self._end(
                tracked, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", _message(error)
            )
            raise
        self._end(tracked, "FINISHED")
        return result

    def _begin(self, tracked: TrackedRun) -> None:
        from jobs.mlflow_run import MlflowRun

        self._run = MlflowRun(tracked.job, tracked.experiment)
        self._run.log_settings(tracked.settings)

    def _end(self, tracked: TrackedRun, status: str, error: str = "") -> None:
        def end(run: "MlflowRun") -> None:
            run.tag(data_fingerprint=tracked.fingerprint(), error=error, not_tracked=self.failure)
            run.end(status)

        self._with_run(end)

    def _with_run(self, step: "Callable[[MlflowRun], None]") -> None:
        if self._run is not None:
            self._attempt(partial(step, self._run))

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            with _stdout_to_notes():
                step()
        except Exception as error:  # from MLflow, a database, HTTP, a cloud's storage: they share no base
            message = _message(error)
            self.failure = self.failure or message
            note(f"not tracked: {message}")


@contextmanager
def _stdout_to_notes() -> Iterator[None]:
    """Show the person watching what MLflow prints on stdout, such as a run's address.

    What MLflow says of its own deprecations is dropped.
    """
    with redirect_stdout(io.StringIO()) as printed, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
    if text := printed.getvalue().strip():
        note(_without_passwords(text))


def _message(error: BaseException) -> str:
    """Return the message of an error of ours; that of another behind its name."""
    ours = isinstance(error, EmbeddingFeaturesError)
    return _without_passwords(str(error) if ours else f"{type(error).__name__}: {error}".rstrip(": "))


def _without_passwords(text: str) -> str:
    """Return the text without users and passwords in addresses: others may read it."""
    return re.sub(r"//[^/\s]*@", "//", text)
