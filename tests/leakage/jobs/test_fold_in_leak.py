"""Vectors and fold-ins that know labels after the moment that they claim are caught by ``verify``."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.artifact import Embeddings, write_snapshot
from embedding_features.errors import LeakError
from embedding_features.graph import Graph, GraphSchema
from embedding_features.graph.edge_summary import edge_summary
from embedding_features.methods import als, vbmf
from embedding_features.methods.fold_ins import value_regressions
from embedding_features.progress import SILENT
from embedding_features.space import HealthConfig, check_health, fresh_records
from embedding_features.store import publish
from jobs.sections import Publish
from jobs.steps import verify
from tests.store.builders import make_repo

START, AS_OF, LATER = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 15, 20))
METHODS = {
    "als": als(dim=4, relation="saw").model_copy(update={"values": "judged"}),
    "vbmf": vbmf(dim=4, sweeps=3, relation="judged"),
}
#: vectors of few nodes and four dims have outliers
LENIENT = HealthConfig(max_norm_outliers=1, max_duplicate_vectors=1, min_effective_rank=0)


def write_log(path: Path, late: tuple[int, ...] = (), skip: slice = slice(0)) -> None:
    """Labels of 50 users and 30 items, evenly over 20 days.

    Args:
        late: users of five more labels each, all after AS_OF.
        skip: rows that are left out.
    """
    rng = np.random.default_rng(2)
    user, item, label = rng.integers(0, 50, 800), rng.integers(0, 30, 800), rng.integers(0, 2, 800)
    hours = np.linspace(0, 20 * 24, 800)
    extra = np.repeat(np.array(late, np.int64), 5)
    user, item = np.append(user, extra), np.append(item, np.resize(np.arange(30), len(extra)))
    label, hours = np.append(label, np.ones(len(extra), np.int64)), np.append(hours, np.full(len(extra), 400))
    times = [START + timedelta(hours=float(hour)) for hour in hours]
    table = pa.table({"user_id": user, "item_id": item, "time": pa.array(times, pa.timestamp("us", "UTC")),
                      "label": label.astype(np.float64)})  # fmt: skip
    kept = np.delete(np.arange(len(table)), skip)
    pq.write_table(table.take(kept), path)


@pytest.fixture
def schema(tmp_path: Path) -> GraphSchema:
    write_log(tmp_path / "log.parquet", late=(3, 60))
    ends = {"src": {"type": "user", "column": "user_id"}, "dst": {"type": "item", "column": "item_id"}}
    saw = {"parquet": str(tmp_path / "log.parquet"), **ends, "timestamp": "time"}
    return GraphSchema.model_validate(
        {
            "nodes": {"user": {"id": "int64"}, "item": {"id": "int64"}},
            "relations": {"saw": saw, "judged": {**saw, "weight": "label"}},
        }
    )


def verified(embeddings: Embeddings, fresh, schema: GraphSchema, folder: Path) -> list[str]:
    """The last column of what ``verify`` says, once the vectors are published."""
    repo = make_repo(folder / "repo")
    health = check_health(embeddings, LENIENT).figures
    publish(write_snapshot(embeddings, folder / "runs", health=health, fresh=fresh), repo, health=LENIENT)
    rows = verify.run(Publish(repo=repo), schema, SILENT)["verified"]
    return [f"{row['relation']} {row['fold-ins']}" for row in rows]


def claiming(embeddings: Embeddings, honest: Graph) -> Embeddings:
    """The vectors, said to be of another graph."""
    made = embeddings.provenance
    edges = {name: edge_summary(honest)[name] for name in made.edges}
    said = replace(made, as_of=honest.as_of, graph_fingerprint=honest.fingerprint, edges=edges)
    return replace(embeddings, provenance=said)


@pytest.mark.parametrize("name", METHODS)
def test_what_was_fitted_on_the_edges_of_its_moment_passes(name: str, schema, tmp_path: Path) -> None:
    graph = Graph.build(schema, AS_OF)
    embeddings = METHODS[name].fit(graph)
    found = verified(embeddings, fresh_records(embeddings, graph), schema, tmp_path)
    relations = {"als": ["saw", "judged"], "vbmf": ["judged"]}[name]
    assert found == [f"{relation} recounted" for relation in relations]


def test_numbers_of_nodes_do_not_matter(schema, tmp_path: Path) -> None:
    """A graph that continues another one numbers its nodes in another order than a graph of its own."""
    graph = Graph.build(schema, AS_OF, parent=Graph.build(schema, START + timedelta(days=1)))
    assert graph.vocabularies["user"].ids != Graph.build(schema, AS_OF).vocabularies["user"].ids
    embeddings = METHODS["als"].fit(graph)
    found = verified(embeddings, fresh_records(embeddings, graph), schema, tmp_path)
    assert found == ["saw recounted", "judged recounted"]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    ("late", "message"),
    [((3, 60), "has vectors of 1 user nodes that the logs have not"), ((3,), "mean cosine of")],
)
def test_vectors_fitted_on_later_labels_fail(name, late, message, schema, tmp_path: Path) -> None:
    """By a user who was not there yet, and by known ones alone."""
    write_log(tmp_path / "log.parquet", late=late)
    leaky, honest = Graph.build(schema, LATER), Graph.build(schema, AS_OF)
    embeddings = METHODS[name].fit(leaky)
    fresh = fresh_records(embeddings, leaky)
    with pytest.raises(LeakError, match=message) as found:
        verified(claiming(embeddings, honest), fresh, schema, tmp_path)
    assert f"run {name}-20260115T000000Z-" in found.value.what
    assert {"als": "'saw'", "vbmf": "'judged'"}[name] in found.value.what


def test_one_later_label_is_enough(schema, tmp_path: Path) -> None:
    """Of the vectors' relation, and of values."""
    write_log(tmp_path / "log.parquet")
    honest = Graph.build(schema, AS_OF)
    latest = honest.relation("saw").forward.time.max()
    before = Graph.build(schema, datetime.fromtimestamp((latest - 1) / 1e6, UTC))
    embeddings = METHODS["als"].fit(honest)
    fresh = fresh_records(embeddings, honest)
    with pytest.raises(LeakError, match="mean cosine of"):
        verified(claiming(embeddings, before), fresh, schema, tmp_path)


@pytest.mark.parametrize("later", [timedelta(days=5), timedelta(minutes=40)])
def test_a_posterior_fitted_on_later_labels_fails(later, schema, tmp_path: Path) -> None:
    """The vectors are honest; what values are regressed by knows labels of the days, or the hour, after."""
    write_log(tmp_path / "log.parquet")
    honest, leaky = Graph.build(schema, AS_OF), Graph.build(schema, AS_OF + later)
    assert leaky.relation("judged").forward.edges > honest.relation("judged").forward.edges
    embeddings = METHODS["als"].fit(honest)
    regressions = value_regressions(embeddings.tables, leaky, "judged")
    fold_ins = {
        one: {**purposes, "values": regressions[one]} for one, purposes in embeddings.fold_ins.items()
    }
    with pytest.raises(LeakError, match=r"run als-\S+ folds \w+ nodes in by .* in relation 'judged'"):
        verified(replace(embeddings, fold_ins=fold_ins), fresh_records(embeddings, honest), schema, tmp_path)


def test_values_later_than_the_moment_are_not_published(schema, tmp_path: Path) -> None:
    """The manifest has the edges of values, too."""
    write_log(tmp_path / "log.parquet")
    honest = Graph.build(schema, AS_OF)
    leaky = Graph.build(schema, LATER, parent=honest)
    assert leaky.vocabularies["user"] == honest.vocabularies["user"]
    relations = {"saw": honest.relation("saw"), "judged": leaky.relation("judged")}
    embeddings = METHODS["als"].fit(replace(honest, relations=relations))
    with pytest.raises(LeakError, match="relation judged has an edge of"):
        verified(embeddings, {}, schema, tmp_path)


def test_rows_that_came_late_are_told(schema, tmp_path: Path) -> None:
    write_log(tmp_path / "log.parquet", skip=slice(10, 12))
    graph = Graph.build(schema, AS_OF)
    embeddings = METHODS["als"].fit(graph)
    fresh = fresh_records(embeddings, graph)
    write_log(tmp_path / "log.parquet")
    assert verified(embeddings, fresh, schema, tmp_path) == ["saw rows came late", "judged rows came late"]


def test_what_was_not_recorded_is_told(schema, tmp_path: Path) -> None:
    embeddings = METHODS["als"].fit(Graph.build(schema, AS_OF))
    found = verified(embeddings, {}, schema, tmp_path)
    assert found == ["saw not recorded", "judged recounted"]
