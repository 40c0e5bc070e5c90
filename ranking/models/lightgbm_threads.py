"""The number of LightGBM's threads, which is one for the whole process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ThreadCount:
    """Lets calls of LightGBM run beside each other while all of them ask for the same number of threads.

    Each call sets a global number, and what another one has allocated for its threads is then too small: it
    reads behind the end, and the process dies (LightGBM issue 7088). A call that asks for another number
    waits until those before it have ended.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._threads = self._calls = 0

    @contextmanager
    def of(self, threads: int) -> Iterator[int]:
        """Yield ``threads`` once no call with another number runs, and keep it until the block ends."""
        with self._changed:
            self._changed.wait_for(lambda: not self._calls or self._threads == threads)
            self._threads = threads
            self._calls += 1
        try:
            yield threads
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()


#: LightGBM's own global is one, and so is this
THREAD_COUNT = ThreadCount()
