"""Makes what the benchmark of fresh figures serves: a family that folds users in, and their events online.

20,000 users and 20,000 items with vectors of implicit ALS on random likes, ratings by which its scores are
fitted, clusters and tokens for the recipes that need them; a bundle as :mod:`benchmarks.serve_world` has it,
which also reads the fresh figures of users by all recipes; and a history of some users in the online store.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.serve_world import ITEMS, USERS, World, deploy, train_bundle
from embedding_features.artifact import Snapshot, write_snapshot
from embedding_features.derive import Clusters, ResidualTokens, derive
from embedding_features.fresh import RECIPES, FreshSeries
from embedding_features.graph import Graph, Relation
from embedding_features.methods import make
from embedding_features.space import check_health
from embedding_features.store import EmbeddingFeatures, list_published
from embedding_features.store.moments import micros
from tests.store.builders import T0, US, ids_of, make_repo

FAMILY, EDGES = "als", 600_000
#: users with a history, and how long it is; the store has room for more
WITH_EVENTS, EVENTS, KEPT = 2_000, 50, 200


def make_snapshot(root: Path, dim: int) -> Snapshot:
    """Write a snapshot below a folder."""
    method = make(FAMILY, dim=dim, relation="liked", iterations=3).model_copy(update={"values": "rated"})
    features = derive(method.fit(make_graph(), seed=0), Clusters(k=256), ResidualTokens(levels=3))
    return write_snapshot(features, root, health=check_health(features).figures)


def make_graph() -> Graph:
    """Make a graph of random likes, more of some items than of others, and ratings of 0 or 1."""
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, USERS, EDGES), (rng.random(EDGES) ** 2 * ITEMS).astype(np.int64)
    users[:USERS], items[:ITEMS] = np.arange(USERS), np.arange(ITEMS)
    ids = {"user": ids_of("user", USERS).to_numpy()[users], "item": ids_of("item", ITEMS).to_numpy()[items]}
    time = micros(T0) - np.sort(rng.integers(1, 10**12, EDGES))[::-1]
    graph = Graph.from_arrays(T0, {("user", "liked", "item"): (ids["user"], ids["item"], time)})
    codes = [graph.vocabularies[node_type].encode(ids[node_type]) for node_type in ("user", "item")]
    ratings = (rng.random(EDGES) < 0.4).astype(np.float32)
    rated = Relation.from_edges("rated", "user", "item", *codes, (USERS, ITEMS), weight=ratings, time=time)
    return replace(graph, relations={**graph.relations, "rated": rated})


def make_world(root: Path, snapshot: Snapshot, redis: str = "") -> World:
    """Make a repository with the snapshot and events online, and a bundle that reads fresh figures.

    Args:
        root: folder of all of it.
        snapshot: to be published.
        redis: address of a server; empty for the embedded store.
    """
    repo = make_repo(root / "repo", redis=redis)
    (repo / "embedding_features.yaml").write_text(f"events: {{user: {{of: item, keep: {KEPT}}}}}\n")
    deploy(root, repo, snapshot)
    (run,) = list_published(repo)
    train_bundle(root, repo, FAMILY, [FreshSeries.read([run.snapshot], "user", tuple(RECIPES))])
    with EmbeddingFeatures(repo) as client:
        client.push_events("user", make_events(WITH_EVENTS, EVENTS))
    return World(root / "bundle", repo, root / "service.yaml")


def make_events(users: int, count: int) -> pa.Table:
    """Return events of the last month, as many of each of the first users, with random items."""
    rng, n = np.random.default_rng(3), users * count
    start = int((datetime.now(UTC) - timedelta(days=30)).timestamp() * 1e6)
    times = start + np.sort(rng.integers(0, 29 * 86_400_000_000, n))
    return pa.table(
        {
            "user_id": ids_of("user", users).take(pa.array(np.tile(np.arange(users), count))),
            "item_id": ids_of("item", ITEMS).take(pa.array(rng.integers(0, ITEMS, n))),
            "value": rng.integers(0, 2, n).astype(float),
            "event_timestamp": pa.array(times).cast(US),
        }
    )
