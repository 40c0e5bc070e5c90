"""Planted worlds in memory: domains to draw from, tables as columns."""

from collections.abc import Iterable, Iterator

import numpy as np

from embedding_features.arrays import AnyArray
from embedding_features.datasets.clicks import PlantedDomain
from embedding_features.datasets.population import draw_users
from embedding_features.datasets.world import World

Columns = dict[str, AnyArray]


def planted_domains(world: World) -> dict[str, PlantedDomain]:
    """Return domain → its model, to draw from and to compare with what was learned."""
    users = draw_users(world)
    return {domain.name: PlantedDomain(world, i, users) for i, domain in enumerate(world.domains)}


def planted_blocks(planted: PlantedDomain) -> Iterator[tuple[Columns, Columns]]:
    """Yield the interactions and impressions of one block of clicks after the other, in order of time.

    ``user_id``, ``item_id`` (from 1) and ``timestamp`` (µs since 1970, UTC) are int64; interactions have
    ``weight`` (float32), impressions ``label`` (int8).
    """
    for block, clicks in enumerate(planted.clicks()):
        shown = planted.impressions(clicks, block)
        yield (
            _columns(planted, clicks.user, clicks.item, clicks.time) | {"weight": clicks.weight},
            _columns(planted, shown.user, shown.item, shown.time) | {"label": shown.label},
        )


def _columns(planted: PlantedDomain, user: AnyArray, item: AnyArray, time: AnyArray) -> Columns:
    return {"user_id": user + 1, "item_id": item + 1, "timestamp": time + planted.world.start_us}


def planted_interactions(world: World) -> dict[str, Columns]:
    """Return domain → its interactions (see :func:`planted_blocks`), the rows that ``synthesize`` writes."""
    domains = planted_domains(world)
    return {name: _joined(block for block, _ in planted_blocks(domain)) for name, domain in domains.items()}


def planted_impressions(world: World) -> dict[str, Columns]:
    """Return domain → its impressions (see :func:`planted_blocks`), the rows that ``synthesize`` writes."""
    domains = planted_domains(world)
    return {name: _joined(block for _, block in planted_blocks(domain)) for name, domain in domains.items()}


def _joined(blocks: Iterable[Columns]) -> Columns:
    parts = list(blocks)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
