"""Materializations in another process, which a test may kill: forked from a clean one, without threads."""

import multiprocessing
import os
import signal

from feast import FeatureStore

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.incoming import Incoming
from tests.store.snapshot_world import DAY, T0

REFUSED = 3
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [  # what Feast would import in every process
        "tests.store.elsewhere", "feast.infra.passthrough_provider", "feast.infra.offline_stores.duckdb",
        "feast.infra.registry.registry", "ibis.backends.duckdb", "embedding_features.store.engine",
        "embedding_features.store.online_stores.snapshot",
    ]
)  # fmt: skip


def start(work, *args):
    """Start a module's function."""
    process = _CONTEXT.Process(target=work, args=args)
    process.start()
    return process


def start_materialize(config, end=100, killed=False):
    """Start to materialize up to a day; ``killed``: half of the rows come, then the process is killed."""
    return start(_materialize, config, end, killed)


def exit_code(process):
    """0, REFUSED, or the negative of the signal that killed it."""
    process.join(60)
    return process.exitcode


def _materialize(config, end, killed):
    if killed:
        whole = Incoming.__iter__

        def half(incoming):
            for batch in whole(incoming):
                yield batch.slice(0, len(batch) // 2)
                os.kill(os.getpid(), signal.SIGKILL)

        Incoming.__iter__ = half
    try:
        FeatureStore(config=config).materialize(T0 - 10 * DAY, T0 + end * DAY, ["emb"])
    except StoreError:
        os._exit(REFUSED)
