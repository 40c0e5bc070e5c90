"""Batches that are made in a thread beside the step that uses them."""

import threading
from collections.abc import Iterator
from queue import Full, Queue
from typing import TypeVar

import numba

T = TypeVar("T")

#: seconds after which a thread looks whether it is still wanted
_PATIENCE = 0.05


def ahead(items: Iterator[T], depth: int) -> Iterator[T]:
    """Yield ``items`` in their order, made by a thread of its own up to ``depth`` ahead of who takes them.

    What is yielded is what the iterator yields without a thread, and an error in it is raised here, in its
    place. The thread ends with the iterator, or as soon as the generator is closed.

    Args:
        items: used by the thread alone from now on.
        depth: most items that wait; 0 makes each when it is asked for, without a thread, as does a numba
            whose threads do not bear a second caller (its layer "workqueue").
    """
    if depth == 0 or not _bears_a_second_caller():
        yield from items
        return
    queue: Queue[tuple[bool, T | BaseException | None]] = Queue(maxsize=depth)
    stop = threading.Event()
    thread = threading.Thread(target=_produce, args=(items, queue, stop), name="batches", daemon=True)
    thread.start()
    try:
        while True:
            made, item = queue.get()
            if made:
                yield item  # type: ignore[misc]
            elif item is None:
                return
            else:
                raise item  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()


def _produce(
    items: Iterator[T], queue: "Queue[tuple[bool, T | BaseException | None]]", stop: threading.Event
) -> None:
    """Put (True, item) for each item, then (False, None), or (False, error) where there was one."""
    try:
        for item in items:
            if not _put(queue, (True, item), stop):
                return
    except BaseException as error:  # it is raised where the item is wanted
        _put(queue, (False, error), stop)
    else:
        _put(queue, (False, None), stop)


def _put(
    queue: "Queue[tuple[bool, T | BaseException | None]]",
    what: tuple[bool, T | BaseException | None],
    stop: threading.Event,
) -> bool:
    """Put something as soon as there is room; return False when nobody wants it any more."""
    while not stop.is_set():
        try:
            queue.put(what, timeout=_PATIENCE)
        except Full:
            continue
        return True
    return False


def _bears_a_second_caller() -> bool:
    """Return whether two threads may call parallel kernels at once."""
    try:
        return numba.threading_layer() != "workqueue"  # type: ignore[no-any-return]
    except ValueError:  # no parallel kernel has run yet, and so no layer is chosen
        return False
