"""Two snapshots of one space, with everything a snapshot may hold, and titles."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.artifact import EmbeddingTable, Snapshot, write_snapshot
from embedding_features.artifact.manifest import Cosines, FreshRecord, SinceParent
from embedding_features.derive import (
    Clusters,
    Neighbours,
    ProductTokens,
    QuantileBins,
    derive,
    load_codebooks,
)
from embedding_features.space import align, check_health
from tests.unit.derive.made_embeddings import AS_OF, embeddings, table

DIM, NEW, GROUPS = 8, 10, 4
DERIVATIONS = (Clusters(k=6, top_k=2), ProductTokens(parts=4, codes=8), QuantileBins(bins=4), Neighbours(k=5))


def made_snapshots(root: Path, users: int = 60, items: int = 110) -> tuple[Snapshot, Snapshot]:
    """The earlier and the later; the later has 10 items more, its vectors moved a little and were rotated."""
    rng = np.random.default_rng(3)
    centres = 3 * rng.normal(size=(GROUPS, DIM))
    item, user = (centres[np.arange(n) % GROUPS] + rng.normal(size=(n, DIM)) for n in (items + NEW, users))
    turn = np.linalg.qr(rng.normal(size=(DIM, DIM)))[0]

    def moved(count: int, noise: float, by: np.ndarray) -> dict[str, EmbeddingTable]:
        vectors = {"user": user, "item": item[:count]}
        noisy = {
            t: ((v + noise * rng.normal(size=v.shape)) @ by).astype(np.float32) for t, v in vectors.items()
        }
        return {t: table(t, v, np.arange(len(v)) * 3) for t, v in noisy.items()}

    first = derive(embeddings(moved(items, 0, np.eye(DIM))), *DERIVATIONS)
    parent = write_snapshot(first, root, health=check_health(first).figures)
    later = embeddings(moved(items + NEW, 0.3, turn), as_of=AS_OF + timedelta(days=7))
    aligned, alignment = align(later, parent)
    second = derive(aligned, *DERIVATIONS, space=parent.manifest.space, codebooks=load_codebooks(parent))
    health = check_health(second).figures
    run_id = parent.manifest.run_id
    child = write_snapshot(
        second, root, parent=run_id, alignment=alignment, health=health, fresh=made_fresh(run_id)
    )
    return parent, child


def made_fresh(parent: str) -> dict[str, FreshRecord]:
    """What a child may say of fresh vectors: of users since the parent too, of items of none that has one."""
    shares = ("5%", "25%", "50%", "75%", "95%")
    near, far = (
        Cosines(count=50, mean=low + 0.3, quantiles=dict(zip(shares, low + 0.1 * np.arange(5), strict=True)))
        for low in (0.6, -0.4)
    )
    since = SinceParent(
        run_id=parent, as_of=AS_OF, nodes=1234, stored=1000, reachable=1200, moved={"0": near, "5 to 19": far}
    )
    nothing = Cosines(count=0, mean=None, quantiles={})
    return {"user": FreshRecord(own=near, since_parent=since), "item": FreshRecord(own=nothing)}


def made_titles(path: Path, hostile: str = "", items: int = 110) -> Path:
    """Titles of all items but the new ones, as ``item_id`` and ``title``."""
    colours = ("red", "blue", "green", "grey")
    titles = [f"The {colours[i % GROUPS]} film no. {i} {hostile}".strip() for i in range(items)]
    pq.write_table(pa.table({"item_id": np.arange(items) * 3, "title": titles}), path)
    return path
