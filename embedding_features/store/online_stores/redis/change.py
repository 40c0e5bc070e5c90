"""Changes of pushed rows in Redis: read, changed, and written if nobody else wrote meanwhile."""

import hashlib
from collections.abc import Sequence

from embedding_features.errors import StoreError
from embedding_features.store.online_stores.pushed import DAMAGED, Key, Row
from embedding_features.store.online_stores.redis.hash import LOST, RedisHash
from embedding_features.store.online_stores.redis.scripts import CHANGE
from embedding_features.store.online_stores.redis.wire import (
    field_of,
    is_pushed,
    pushed_from_bytes,
    pushed_to_bytes,
)
from embedding_features.store.online_stores.stored_view import Changed

_AT_ONCE = 64  # rows of one script, which Redis runs without looking at anybody else; histories are long
_TRIES = 1000  # whoever misses, misses because somebody else was served


def change(view: RedisHash, keys: Sequence[Key], changed: Changed) -> None:
    """Replace pushed rows by what becomes of them, each in one step; errors are those of ``StoredView``."""
    for start in range(0, len(keys), _AT_ONCE):
        places = list(range(start, min(start + _AT_ONCE, len(keys))))
        for _ in range(_TRIES):
            places = _missed(view, keys, changed, places)
            if not places:
                break
        else:
            raise StoreError(
                f"others change the same rows of {view.prefix} all the time",
                fix="push again: what is there stays",
            )


def _missed(view: RedisHash, keys: Sequence[Key], changed: Changed, places: Sequence[int]) -> list[int]:
    """Change rows, and return the places of those that somebody else wrote after they were read here."""
    fields = [field_of(keys[place]) for place in places]
    known = view.server.run("HMGET", view.key("rows"), *fields)
    arguments: list[bytes | str] = []
    asked = []
    for place, field, data in zip(places, fields, known, strict=True):
        row = changed(place, _row(view, data))
        if row is not None:
            digest = hashlib.sha1(data, usedforsecurity=False).hexdigest() if data is not None else ""
            arguments += [field, digest, pushed_to_bytes(row)]
            asked.append(place)
    missed = view.server.script(CHANGE, [view.key("rows"), view.key("pushed")], arguments)
    if missed == [-1]:
        raise view.nothing_online()
    return [asked[number] for number in missed]


def _row(view: RedisHash, data: bytes | None) -> Row | None:
    """Return a pushed row; None where there is none, or the snapshot's."""
    try:
        return pushed_from_bytes(data) if data is not None and is_pushed(data) else None
    except DAMAGED as error:
        raise StoreError(
            f"what Redis has under {view.prefix} is damaged: {error}",
            fix=f"remove {view.key('rows')}, {LOST}, and push again",
        ) from error
