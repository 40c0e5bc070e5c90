"""Forked processes: killed at a chosen point, or run beside the test. For DuckDB see elsewhere.py."""

import itertools
import os
import shutil
import signal
import traceback
from pathlib import Path

from embedding_features.store.online_stores.snapshot.columns import ArrayFile

POINTS = (
    (os, "fsync"), (os, "write"), (ArrayFile, "append"), (shutil, "rmtree"), (Path, "rename"),
    (Path, "replace"), (Path, "unlink"), (Path, "touch"), (Path, "mkdir"), (Path, "write_bytes"),
)  # fmt: skip


def in_child(work):
    """Start ``work``, which must not need DuckDB, in a forked process; returns its id."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def ended(child):
    """Wait for a process; returns its exit code, -9 for a killed one."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(point, work):
    """Run ``work`` in a process that is killed at its ``point``-th write, sync, rename or removal.

    Returns:
        Whether there were so many.
    """
    left = itertools.count(point, -1)

    def deadly(call):
        def counted(*args, **kwargs):
            if next(left) == 0:
                if call is real_write:
                    call(args[0], bytes(args[1])[: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counted

    real_write = os.write

    def dying():
        for owner, name in POINTS:
            setattr(owner, name, deadly(getattr(owner, name)))
        work()

    code = ended(in_child(dying))
    assert code in (0, -signal.SIGKILL)
    return code != 0
