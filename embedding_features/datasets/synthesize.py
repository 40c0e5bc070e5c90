"""Planted worlds as Parquet files.

Memory is bounded by users, items and friendships, not by edges: one block of 131,072 clicks is held at a
time. With 200,000 users, 100,000 items, 32 interests and 800,000 friendships the peak above the imports is
360 MB, the same for a million edges and for ten.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from embedding_features.arrays import F32, AnyArray
from embedding_features.config import Config
from embedding_features.datasets.clicks import PlantedDomain
from embedding_features.datasets.growing import GrowingTables, write_columns
from embedding_features.datasets.planted import Columns, planted_blocks, planted_domains
from embedding_features.datasets.population import Users, draw_friendships
from embedding_features.datasets.world import World
from embedding_features.errors import DataError
from embedding_features.files import atomic_folder, sweep_staging
from embedding_features.progress import SILENT, Progress

WORLD = "world.json"


class WorldCard(Config):
    """Holds what ``world.json`` says: the settings in full, and the rows of each file."""

    world: World
    rows: dict[str, int]


def synthesize(world: World, target: Path, progress: Progress = SILENT) -> Path:
    """Write the world into the folder ``target`` and return it; done already, return at once.

    =================================  =====================================================================
    ``interactions_<domain>.parquet``  user_id, item_id, timestamp (µs, UTC, never decreasing), weight
    ``impressions_<domain>.parquet``   user_id, item_id, timestamp, label: 1 clicked, 0 only shown
    ``friendships.parquet``            user_id, friend_id, timestamp: a pair once, the smaller id first
    ``users.parquet``                  user_id, joined, segment
    ``items_<domain>.parquet``         item_id, released, category
    ``truth/users.parquet``            user_id, interests_start, interests_end: float32, sum 1
    ``truth/items_<domain>.parquet``   item_id, interests (float32, sum 1), popularity
    ``world.json``                     the settings, and the rows of each file
    =================================  =====================================================================

    A user may click on an item more than once. Every block of clicks is drawn from a stream of its own, so
    rows depend on nothing but the settings.

    Raises:
        DataError: when ``target`` holds something else, another world, or lost a file.
    """
    target = Path(target).resolve()
    if target.exists():
        _check_same(target, world)
        return target
    sweep_staging(target.parent)
    domains = planted_domains(world)
    rows: dict[str, int] = {}
    with atomic_folder(target, target.parent / ".staging") as folder:
        (folder / "truth").mkdir()
        rows |= _write_users(folder, world, next(iter(domains.values())).users)
        for domain in domains.values():
            rows |= _write_items(folder, domain)
        with progress.task("synthesize", total=sum(d.edges for d in world.domains)) as advance:
            for name, domain in domains.items():
                with GrowingTables(folder) as tables:
                    for interactions, impressions in planted_blocks(domain):
                        tables.append(f"interactions_{name}", interactions)
                        if world.logged:
                            tables.append(f"impressions_{name}", impressions)
                        advance(len(interactions["user_id"]), status=name)
                rows |= tables.rows
        card = WorldCard(world=world, rows=rows).model_dump(mode="json")
        (folder / WORLD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return target


def _check_same(target: Path, world: World) -> None:
    fix = "remove it, or write to another folder"
    try:
        card = WorldCard.model_validate_json((target / WORLD).read_bytes())
    except (OSError, ValidationError):
        raise DataError(f"{target} is there and holds no planted world", fix=fix) from None
    if card.world != world:
        changed = [name for name in World.model_fields if getattr(card.world, name) != getattr(world, name)]
        raise DataError(f"{target} holds another world; it differs in {', '.join(changed)}", fix=fix)
    for name, rows in card.rows.items():
        try:
            found = pq.read_metadata(target / f"{name}.parquet").num_rows
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(f"{target} has lost {name}.parquet: {error}", fix=fix) from None
        if found != rows:
            raise DataError(f"{target / name}.parquet has {found:,} rows, not {rows:,}", fix=fix)


def _ids(n: int) -> AnyArray:
    return np.arange(1, n + 1)


def _write_users(folder: Path, world: World, users: Users) -> dict[str, int]:
    ids = _ids(world.users)
    seen: Columns = {"user_id": ids, "joined": users.born + world.start_us, "segment": users.segment}
    rows = write_columns(folder, "users", seen)
    start, end = users.mixtures
    rows |= write_columns(
        folder, "truth/users", {"user_id": ids, "interests_start": start, "interests_end": end}
    )
    one, other, time = draw_friendships(world, users)
    friendships = {"user_id": one + 1, "friend_id": other + 1, "timestamp": time + world.start_us}
    return rows | write_columns(folder, "friendships", friendships)


def _write_items(folder: Path, planted: PlantedDomain) -> dict[str, int]:
    items, name = planted.items, planted.domain.name
    ids, released = _ids(len(items.born)), items.born + planted.world.start_us
    rows = write_columns(
        folder, f"items_{name}", {"item_id": ids, "released": released, "category": items.category}
    )
    interests: F32 = items.dense(planted.world.interests)
    truth: Columns = {"item_id": ids, "interests": interests, "popularity": items.popularity}
    return rows | write_columns(folder, f"truth/items_{name}", truth)
