"""The progress of long work, told to whoever watches: the command line draws bars, a notebook nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, runtime_checkable

#: called with the number of steps done since the last call, and an optional short status
Advance = Callable[..., None]


class Progress(Protocol):
    """Watches long work, and is told of each of its tasks."""

    def task(self, name: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Return a context in which ``advance(steps=1, status="")`` may be called.

        Args:
            name: what is done, in words.
            total: number of steps; None where nobody knows it.
        """
        ...


@runtime_checkable
class ChecksProgress(Progress, Protocol):
    """Watches long work, and is also told of every check of early stopping."""

    def checked(self, epoch: int, figure: float) -> None:
        """Take note of a check; an exception ends the training.

        Args:
            epoch: after which it was made.
            figure: the metric that training stops on, higher is better.
        """
        ...


def tell_check(progress: Progress, epoch: int, figure: float) -> None:
    """Tell a progress of a check, if it is one that wants to know."""
    if isinstance(progress, ChecksProgress):
        progress.checked(epoch, figure)


class Silent:
    """Tells nobody of the progress."""

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:  # noqa: ARG002
        """Show nothing; see :meth:`Progress.task`."""
        yield lambda *_, **__: None


SILENT: Progress = Silent()
