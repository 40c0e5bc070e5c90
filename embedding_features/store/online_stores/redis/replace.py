"""Materialization into Redis: a staging hash is filled, and a script puts it in the place of the rows."""

import uuid
from contextlib import suppress

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.incoming import Incoming
from embedding_features.store.online_stores.layout import refuse_older
from embedding_features.store.online_stores.redis.hash import RedisHash
from embedding_features.store.online_stores.redis.lease import hold_lock
from embedding_features.store.online_stores.redis.scripts import SWITCH
from embedding_features.store.online_stores.redis.stage import Stage
from embedding_features.store.online_stores.redis.wire import Header


def replace(view: RedisHash, incoming: Incoming, lock_seconds: float, wait_seconds: float) -> int:
    """Make a snapshot the one that is served, in one step; pushed rows later than it stay.

    Args:
        view: what Redis has of the view version.
        incoming: the snapshot's rows.
        lock_seconds: how long the lock of a killed materialization lasts.
        wait_seconds: how long to wait for another materialization.

    Returns:
        The number of its entities.

    Raises:
        StoreError: when it is older than the one that is served, breaks a rule, somebody else materializes,
            or Redis fails; nothing changes then.
    """
    server, where = view.server, incoming.layout.where
    server.refuse_eviction()
    view.enlist()
    with hold_lock(server, view.key("lock"), where, lock_seconds, wait_seconds) as token:
        view.sweep()
        run = uuid.uuid4().hex
        staging = view.key(f"staging:{run}")
        server.run("SADD", view.key("runs"), run)
        try:
            header = _fill(view, Stage(incoming, run, staging.encode()), staging)
            online = view.describe()
            refuse_older(where, online.stamp if online else None, header.stamp or (0, 0))
            _switch(view, staging, where, token, header)
        except BaseException:
            with suppress(StoreError):
                server.run("UNLINK", staging)
            raise
        server.run("SREM", view.key("runs"), run)
        return header.entities


def _fill(view: RedisHash, stage: Stage, staging: str) -> Header:
    view.server.stream(stage.commands())
    return stage.header(view.server.run("HLEN", staging))


def _switch(view: RedisHash, staging: str, where: str, token: str, header: Header) -> None:
    keys = [view.key("rows"), view.key("pushed"), staging, f"{staging}:old", view.key("lock")]
    done = view.server.script(SWITCH, keys, [token, header.entities, header.to_bytes()])
    if done == -1:
        raise StoreError(
            f"{where}: this materialization stood still so long that it lost its lock; the old is served",
            fix="materialize again; if it happens often, raise online_store.lock_seconds",
        )
    if done == -2:
        raise StoreError(
            f"{where}: Redis has not the {header.entities} rows that were sent; the old is served",
            fix="look whether somebody else removes keys, then materialize again",
        )
