"""Fresh vectors beside stored ones: each figure beside one that is made node by node."""

from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from embedding_features.artifact import Snapshot, write_snapshot
from embedding_features.artifact.manifest import Cosines
from embedding_features.errors import CompatibilityError
from embedding_features.fresh import FreshSeries, NodeEvents
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.methods import als, spectral, vbmf
from embedding_features.methods.base import Method
from embedding_features.sources.moment import to_microseconds
from embedding_features.space import check_health, fresh_records
from embedding_features.space.fresh_records import _GROUPS
from embedding_features.testing.graphs import judged

THEN, NOW = (datetime(2026, 1, day, tzinfo=UTC) for day in (10, 20))


def graph(as_of: datetime, timed: bool = True) -> Graph:
    """What 90 users bought of 40 items, until a moment; a fifth of either comes late."""
    rng = np.random.default_rng(5)
    day = np.sort(rng.uniform(0, 20, 900))
    user = rng.integers(0, np.where(day < 10, 70, 90))
    item = rng.integers(0, np.where(day < 10, 32, 40)) + 100
    time = to_microseconds(datetime(2026, 1, 1, tzinfo=UTC)) + (day * 86_400_000_000).astype(np.int64)
    known = time <= to_microseconds(as_of)
    edges = user[known], item[known]
    arrays = (*edges, time[known]) if timed else edges
    return Graph.from_arrays(as_of, {("user", "bought", "item"): arrays})


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return write_snapshot(als(dim=4).fit(graph(THEN)), tmp_path_factory.mktemp("runs"))


def log(whole: Graph, node_type: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids of the node and of the other, and the time of each edge."""
    edges = whole.relation()
    csr = edges.forward if node_type == edges.src else edges.reverse
    other = edges.dst if node_type == edges.src else edges.src
    ids = whole.vocabularies[node_type].ids.to_numpy()[csr.sources()]
    others = whole.vocabularies[other].ids.to_numpy()[csr.indices]
    return ids, others, np.zeros(csr.edges, np.int64) if csr.time is None else csr.time


def cosine(snapshot: Snapshot, node_type: str, node: int, whole: Graph) -> float:
    """Between a node's stored vector and that of a request with all its events of a graph."""
    ids, others, time = log(whole, node_type)
    mine = ids == node
    history = NodeEvents(others[mine], np.ones(int(mine.sum())), time[mine])
    moment = to_microseconds(whole.as_of) + 1
    fresh = FreshSeries.read([snapshot], node_type, last=10**6).request(node, history, [], moment)
    table = snapshot.vectors(node_type)
    stored = table.vectors[table.ids.to_pylist().index(node)].astype(float)
    folded = fresh["fold_in_vector"]
    return float(stored @ folded / np.linalg.norm(stored) / np.linalg.norm(folded))


def same(found: Cosines, expected: list[float]) -> None:
    assert found.count == len(expected)
    assert found.mean == pytest.approx(np.mean(expected))
    assert list(found.quantiles) == ["5%", "25%", "50%", "75%", "95%"]
    quantiles = np.quantile(expected, [0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(list(found.quantiles.values()), quantiles, rtol=1e-6)


@pytest.mark.parametrize("node_type", ["user", "item"])
def test_as_made_node_by_node(node_type: str, parent: Snapshot, tmp_path: Path) -> None:
    now = graph(NOW)
    made = write_snapshot(als(dim=4).fit(now), tmp_path)
    record = fresh_records(made.embeddings(), now, parent)[node_type]
    own_ids = made.vectors(node_type).ids.to_pylist()
    same(record.own, [cosine(made, node_type, node, now) for node in own_ids])

    since = record.since_parent
    assert since is not None
    ids, others, time = log(now, node_type)
    (other,) = {"user", "item"} - {node_type}
    stored, known = (set(parent.vectors(one).ids.to_pylist()) for one in (node_type, other))
    active = set(ids.tolist())
    reached = {node for node in active if stored & {node} or known & set(others[ids == node].tolist())}
    assert (since.nodes, since.stored, since.reachable) == (len(active), len(stored), len(reached))
    assert since.stored < since.reachable
    new = {node: int((time[ids == node] > to_microseconds(THEN)).sum()) for node in stored}
    least = {"0": 0, "1": 1, "2 to 4": 2, "5 to 19": 5, "20 or more": 20}
    assert {name: start for start, name in _GROUPS.items()} == least
    expected: dict[str, list[float]] = {}
    for node in sorted(stored):
        name = [name for name, start in least.items() if new[node] >= start][-1]
        expected.setdefault(name, []).append(cosine(parent, node_type, node, now))
    assert set(since.moved) == set(expected)
    assert len(expected) > 1
    for name, values in expected.items():
        same(since.moved[name], values)


@pytest.mark.parametrize(
    ("method", "node_types"),
    [
        (als(dim=8, relation="saw"), ["user"]),
        (spectral(dim=8, relation="saw"), ["user", "item"]),
        (vbmf(dim=6, relation="judged"), ["user"]),
    ],
)
def test_before_anything_happens_a_fresh_vector_is_the_stored_one(
    method: Method, node_types: list[str]
) -> None:
    found = fresh_records(method.fit(judged()), judged())
    for node_type in node_types:
        assert found[node_type].own.quantiles["5%"] == pytest.approx(1, abs=1e-6)
        assert found[node_type].since_parent is None


def test_edges_without_time_tell_nothing_of_since(parent: Snapshot) -> None:
    now = graph(NOW, timed=False)
    found = fresh_records(als(dim=4).fit(now), now, parent)
    assert found["user"].own.count == len(now.vocabularies["user"])
    assert found["user"].since_parent is None


def turned_around(made: Graph) -> Graph:
    """The same graph with its nodes numbered from the end."""
    edges, vocabularies = made.relation(), made.vocabularies
    users, items = (len(vocabularies[one]) for one in ("user", "item"))
    forward = edges.forward
    turned = Relation.from_edges(
        edges.name, "user", "item", users - 1 - forward.sources(), items - 1 - forward.indices,
        (users, items), time=forward.time,
    )  # fmt: skip
    ids = {one: Vocabulary.from_ids(vocabularies[one].ids[::-1]) for one in vocabularies}
    return replace(made, vocabularies=ids, relations={edges.name: turned})


def test_a_sample_is_of_the_same_nodes_however_a_graph_numbers_them(
    parent: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("embedding_features.space.fresh_records"), "SAMPLE", 20)
    then = graph(THEN)
    one, other = (
        fresh_records(parent.embeddings(), made)["user"].own for made in (then, turned_around(then))
    )
    assert one.count == other.count == 20
    assert one.mean == pytest.approx(other.mean, abs=1e-12)


def test_another_graph_is_refused(parent: Snapshot) -> None:
    with pytest.raises(CompatibilityError, match="beside vectors of a graph"):
        fresh_records(parent.embeddings(), graph(NOW))


def test_records_are_kept_and_what_cannot_be_folded_in_has_none(parent: Snapshot, tmp_path: Path) -> None:
    now = graph(NOW)
    embeddings = als(dim=4).fit(now)
    found = fresh_records(embeddings, now, parent)
    assert write_snapshot(embeddings, tmp_path, fresh=found).manifest.fresh == found
    assert fresh_records(replace(embeddings, fold_ins={}), now) == {}


def test_coverage_counts_who_can_be_folded_in() -> None:
    """Of 60 users 50 saw something; of the ten without a vector a few judged an item that has one."""
    made = judged()
    rows = made.relation("judged").forward
    extra = Relation.from_edges(
        "judged", "user", "item",
        np.append(rows.sources(), [0, 1, 2]), np.append(rows.indices, [3, 3, 49]), (60, 50),
        weight=np.append(rows.weights(), [0, 0, 1]).astype(np.float32),
    )  # fmt: skip
    whole = replace(made, relations={**made.relations, "judged": extra})
    method = als(dim=4, relation="saw").model_copy(update={"values": "judged"})
    figures = check_health(method.fit(whole), graph=whole).figures["user"]
    assert figures["coverage"] == 50 / 60
    assert figures["fresh_coverage"] == 52 / 60  # item 49 nobody saw
    assert "fresh_coverage" not in check_health(method.fit(whole)).figures["user"]
