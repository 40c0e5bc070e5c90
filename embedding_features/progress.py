"""Progress, without the library knowing who watches: the command line draws bars, a notebook nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

#: called with the number of steps done since the last call, and an optional short status
Advance = Callable[..., None]


class Progress(Protocol):
    """Whoever watches long work."""

    def task(self, name: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """A context in which ``advance(steps=1, status="")`` may be called; ``total`` None means unknown."""
        ...


class Silent:
    """The progress nobody watches."""

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:  # noqa: ARG002
        yield lambda *_, **__: None


SILENT: Progress = Silent()
