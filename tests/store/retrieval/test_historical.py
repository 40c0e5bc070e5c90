"""Point-in-time joins against a naive loop, at the edges and on random rows."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Int64

from embedding_features.errors import DataError, StoreError
from embedding_features.store import historical, list_published, publish_series
from tests.store.builders import DAY, T0, US, frame, ids_of, make_repo, snapshot

COUNTS = [(6, 9), (9, 5), (4, 12), (9, 12)]
DAYS = [0, 3, 7, 8]


@pytest.fixture(scope="module", params=["ours", "stock"])
def series(tmp_path_factory, request):
    """Four snapshots of one space which hold different entities, published half a day later."""
    root = tmp_path_factory.mktemp("series")
    repo = make_repo(root / "repo", stock=request.param == "stock")
    made = [snapshot(root / "runs", d, counts=c) for d, c in zip(DAYS, COUNTS, strict=True)]
    publish_series(made, repo, publish_delay=DAY / 2)
    return repo, list_published(repo)


def known(run, moment, strict, by_created):
    seen = run.as_of < moment if strict else run.as_of <= moment
    published = run.created < moment if strict else run.created <= moment
    return seen and (published or not by_created)


def naive(runs, rows, node_type, kind, column, strict, by_created):
    """Row by row: the value of the newest known snapshot that has the entity."""
    key, values = f"{node_type}_id", []
    tables = [run.snapshot.table(node_type, kind).select([key, column]).to_pylist() for run in runs]
    lookups = [{row[key]: row[column] for row in table} for table in tables]
    for row in rows.to_pylist():
        hits = [
            lookup[row[key]]
            for run, lookup in zip(runs, lookups, strict=True)
            if known(run, row["event_timestamp"], strict, by_created) and row[key] in lookup
        ]
        values.append(hits[-1] if hits else None)
    return values


def random_rows(seed, n=400):
    """Entities known and unknown, at moments around every border, in no order."""
    rng = np.random.default_rng(seed)
    borders = [T0 + d * DAY for d in DAYS] + [T0 + (d + 0.5) * DAY for d in DAYS]
    micros = pa.array(borders, US).cast(pa.int64()).to_numpy()
    near = micros[rng.integers(0, len(micros), n)] + rng.integers(-1, 2, n)
    far = micros[0] + rng.integers(-(10**11), 10**12, n)
    times = np.where(rng.random(n) < 0.7, near, far)
    users = ids_of("user", 14).take(pa.array(rng.integers(0, 14, n), mask=rng.random(n) < 0.05))
    items = ids_of("item", 14).take(pa.array(rng.integers(0, 14, n)))
    return pa.table(
        {
            "label": rng.random(n),
            "item_id": items,
            "event_timestamp": pa.array(times).cast(US),
            "user_id": users,
        }
    )


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("by_created", [False, True])
def test_every_row_sees_what_a_naive_loop_sees(series, strict, by_created):
    repo, runs = series
    rows = random_rows(int(strict) + 2 * by_created)
    found = historical(repo, rows, "ranking_all", strict=strict, filter_by_created_timestamp=by_created)
    assert found.select(rows.column_names).equals(rows)
    columns = [
        ("user", "vector", "vector"),
        ("item", "vector", "vector"),
        ("user", "tokens", "rq_tokens"),
        ("item", "clusters", "cluster_weights"),
        ("item", "neighbours", "neighbour_ids"),
    ]
    for node_type, kind, column in columns:
        wanted = naive(runs, rows, node_type, kind, column, strict, by_created)
        assert found[f"spectral_{node_type}_{kind}__{column}"].to_pylist() == wanted, (node_type, kind)
        assert 0 < sum(v is None for v in wanted) < len(wanted)


def test_a_snapshot_is_not_seen_at_its_own_moment(series):
    repo, _ = series
    rows = frame([(0, 0, 3.0), (0, 0, 3.0 + 1e-6 / 86400)])
    values = historical(repo, rows, ["spectral_user_vector"])["spectral_user_vector__vector"].to_pylist()
    same = historical(repo, rows, ["spectral_user_vector"], strict=False)[
        "spectral_user_vector__vector"
    ].to_pylist()
    assert values[0] != values[1] == same[0] == same[1]


def test_columns_are_arrow_lists_and_never_objects(series):
    repo, _ = series
    found = historical(repo, random_rows(9), "ranking_all").schema
    assert found.field("spectral_user_vector__vector").type == pa.list_(pa.float32(), 4)
    assert found.field("spectral_user_tokens__pq_tokens").type == pa.list_(pa.int64())
    assert found.field("spectral_item_clusters__cluster_weights").type == pa.list_(pa.float32())
    assert found.field("spectral_item_neighbours__neighbour_ids").type == pa.list_(pa.int64())


def test_spaces_do_not_mix(world):
    """A new space starts anew: its view knows nothing of before, the old pin nothing of after."""
    rows = frame([(0, 0, 5.0), (17, 0, 8.0), (0, 0, 15.0)])
    new = historical(world.repo, rows, ["spectral_user_vector"])["spectral_user_vector__vector"]
    assert [v is None for v in new.to_pylist()] == [True, True, False]
    assert new.type.list_size == 6
    old = historical(world.repo, rows, ["spectral_user_vector@v1"])["spectral_user_vector__vector"]
    first, second = (s.vectors("user").vectors for s in world.snapshots[:2])
    # user 17 is not in the second snapshot: its last known vector, of the same space, is the first's
    assert old.to_pylist() == [first[0].tolist(), first[17].tolist(), second[0].tolist()]


def test_nanoseconds_zones_small_ints_and_no_rows(series):
    repo, _ = series
    rows = frame([(0, 1, 2.0), (3, 2, 9.0)])
    wanted = historical(repo, rows, "ranking_dense")
    times = rows["event_timestamp"]
    for alike in (times.cast(pa.timestamp("ns", "UTC")), times.cast(pa.timestamp("us", "Asia/Tokyo"))):
        found = historical(repo, rows.set_column(2, "event_timestamp", alike), "ranking_dense")
        assert found.select([4, 5]).equals(wanted.select([4, 5]))
    none = historical(repo, rows.slice(0, 0), "ranking_dense")
    assert (len(none), none.schema) == (0, wanted.schema)
    before = historical(repo, frame([(0, 1, -2.0)]), "ranking_dense")
    assert before.schema == wanted.schema
    assert before["spectral_user_vector__vector"].null_count == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop_columns("item_id"), "needs column item_id"),
        (lambda t: t.set_column(1, "item_id", t["item_id"].cast(pa.string())), "item_id is string"),
        (lambda t: t.drop_columns("event_timestamp"), "no timestamp column"),
        (lambda t: t.set_column(2, "event_timestamp", t[2].cast(pa.timestamp("us"))), "no zone"),
        (lambda t: t.set_column(2, "event_timestamp", pa.array([None], US)), "1 null times"),
        (lambda t: t.append_column("spectral_user_vector__vector", t[3]), "already"),
    ],
)
def test_a_bad_frame_is_named(series, change, message):
    with pytest.raises(DataError, match=message):
        historical(series[0], change(frame([(0, 0, 4.0)])), "ranking_dense")


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ("no_service", "no_service"),
        (["no_view:vector"], "no_view"),
        (["spectral_user_vector:nothing"], "no feature"),
        (["spectral_user_vector@v9"], "v9"),
        (["spectral_user_vector@v1", "spectral_user_vector@v2"], "two versions"),
        ([], "no features"),
    ],
)
def test_unknown_features_are_named(series, features, message):
    with pytest.raises(StoreError, match=message):
        historical(series[0], frame([(0, 0, 4.0)]), features)


@pytest.mark.parametrize("stock", [False, True])
def test_views_of_others_are_joined_beside_ours(tmp_path, stock):
    """A view that comes from no snapshot: every moment is asked for, and strictness holds for it, too."""
    repo = make_repo(tmp_path / "repo", stock)
    publish_series([snapshot(tmp_path / "runs")], repo)
    times = pa.array([T0, T0 + DAY], US)
    path = tmp_path / "visits.parquet"
    users = ids_of("user", 1).take(pa.array([0, 0]))
    pq.write_table(pa.table({"user_id": users, "visits": [1, 2], "at": times}), path)
    visits = FeatureView(
        name="visits",
        entities=[Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)],
        schema=[Field(name="visits", dtype=Int64)],
        source=FileSource(path=str(path), timestamp_field="at"),
    )
    FeatureStore(repo_path=str(repo)).apply([visits])
    rows = frame([(0, 0, 2.0), (0, 0, 1.0), (0, 0, 0.0), (1, 0, 2.0)])
    found = historical(repo, rows, ["visits:visits", "spectral_user_vector:vector"])
    assert found["visits__visits"].to_pylist() == [2, 1, None, None]
    assert found["spectral_user_vector__vector"].is_null().to_pylist() == [False, False, True, False]
