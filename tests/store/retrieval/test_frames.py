"""Rows and ids in every form that people have them, and those that would join another entity: refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from feast import FeatureStore

from embedding_features.errors import DataError, StoreError
from embedding_features.ids import flat_ids
from embedding_features.store import historical, materialize, online, publish
from embedding_features.store.client.client import EmbeddingFeatures
from embedding_features.store.retrieval.frames import as_table
from tests.store.builders import DAY, T0, US, frame, ids_of, make_repo, snapshot
from tests.store.repos import feast, own_repo

VECTOR = "spectral_user_vector"


class Frame:
    """What a frame or series of polars gives: an Arrow stream, and nothing else."""

    def __init__(self, held):
        self._held = held

    def __arrow_c_stream__(self, requested_schema=None):
        return self._held.__arrow_c_stream__(requested_schema)


def as_polars(table):
    """Polars has text as large strings, or views of strings."""
    for i, field in enumerate(table.schema):
        if field.type == pa.string():
            table = table.set_column(i, field.name, table.column(i).cast(pa.large_string()))
    return Frame(table)


FORMS = {
    "table": lambda t: t,
    "chunks": lambda t: pa.concat_tables([t.slice(0, 1), t.slice(1)]),
    "batch": lambda t: t.combine_chunks().to_batches()[0],
    "reader": lambda t: t.to_reader(),
    "pandas": lambda t: t.to_pandas(),
    "pandas, its index of no meaning": lambda t: t.to_pandas().set_index(pd.Index(range(7, 7 + len(t)))),
    "pandas with Arrow types": lambda t: t.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas, nullable": lambda t: t.to_pandas().convert_dtypes(),
    "polars": as_polars,
}
KEYS = {
    "as it is": lambda a: a,
    "large": lambda a: a.cast(pa.large_string()) if pa.types.is_string(a.type) else a,
    "views": lambda a: a.cast(pa.string_view()) if pa.types.is_string(a.type) else a,
    "categories": lambda a: a.dictionary_encode(),
    "chunks": lambda a: pa.chunked_array([a[:1], a[1:]]),
}


@pytest.fixture(scope="module", params=["int64", "string"])
def served(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("frames")
    repo = make_repo(root / "repo")
    publish(snapshot(root / "runs", id_type=request.param), repo, publish_delay=DAY)
    materialize(repo)
    return repo, request.param


@pytest.fixture(scope="module", params=["ours", "stock"])
def numbers(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("numbers")
    repo = make_repo(root / "repo", stock=request.param == "stock")
    publish(snapshot(root / "runs"), repo, publish_delay=DAY)
    materialize(repo)
    return repo


ROWS = [(0, 0, 3), (19, 7, 3), (3, 1, 0.5), (25, 29, 9)]


@pytest.mark.parametrize("form", FORMS)
def test_rows_in_every_form(served, form):
    repo, id_type = served
    table = frame(ROWS, id_type)
    wanted = historical(repo, table, "ranking_all")
    ids = table.select(["user_id", "item_id"])
    read = online(repo, ids, "ranking_all")
    with EmbeddingFeatures(repo) as client:
        answers = (
            historical(repo, FORMS[form](table), "ranking_all"),
            client.historical(FORMS[form](table), "ranking_all"),
        )
    for found in answers:
        assert found.select(range(4, 18)).equals(wanted.select(range(4, 18)))
        assert found["user_id"].to_pylist() == table["user_id"].to_pylist()
    assert (
        online(repo, FORMS[form](ids), "ranking_all").select(range(2, 16)).equals(read.select(range(2, 16)))
    )


@pytest.mark.parametrize("form", KEYS)
def test_keys_in_every_layout(served, form):
    repo, id_type = served
    table = frame(ROWS, id_type)
    wanted = historical(repo, table, "ranking_dense").select([4, 5])
    other = table
    for i in (0, 1):
        other = other.set_column(i, table.field(i).name, KEYS[form](table.column(i).combine_chunks()))
    assert historical(repo, other, "ranking_dense").select([4, 5]).equals(wanted)
    given = KEYS[form](table["user_id"].combine_chunks())
    with EmbeddingFeatures(repo) as client:
        for ids in (given, Frame(pa.chunked_array(given)), given.to_pandas()):
            rows = client.online(ids, [VECTOR])[VECTOR]
            assert rows.found.tolist() == [True, True, True, False]
            assert len(client.recall(ids, 2, "item", by="user").lists()) == 4


@pytest.mark.parametrize(
    "wrap", [lambda i: i, lambda i: pa.scalar(i), lambda i: np.asarray(i)[()], lambda i: np.array(i)]
)
def test_one_id_where_a_list_is(served, wrap):
    repo, id_type = served
    one = ids_of("user", 3, id_type)[2].as_py()
    with EmbeddingFeatures(repo) as client:
        rows, many = client.online(wrap(one), [VECTOR])[VECTOR], client.online([one], [VECTOR])[VECTOR]
        assert rows.found.tolist() == [True]
        assert rows.arrays["vector"].tolist() == many.arrays["vector"].tolist()
        assert client.online({"user_id": wrap(one)}, [VECTOR])[VECTOR].found.tolist() == [True]
        hits = client.recall(wrap(one), 3, "item", by="user")
        assert hits.lists().equals(client.recall([one], 3, "item", by="user").lists())
        (best,) = hits.lists().to_pylist()
        denied = client.recall(wrap(one), 3, "item", by="user", deny=wrap(best[0])).lists()[0].as_py()
        assert denied[:2] == best[1:]
        only = client.recall(wrap(one), 3, "item", by="user", allow=wrap(best[2]))
        assert only.lists().to_pylist() == [[best[2]]]


WRONG = {
    "beyond int64": pa.array([2**63, 1], pa.uint64()),
    "floats": pa.array([1.0, 2.0]),
    "whole floats of pandas": pd.Series([1, None]).to_numpy(),
    "bools": pa.array([True, False]),
    "bools of NumPy": np.array([True, False]),
    "text": pa.array(["1", "2"]),
    "bytes": pa.array([b"1", b"2"]),
    "times": pa.array([T0, T0], US),
    "lists": pa.array([[1], [2]]),
}
MIXED = [
    [1, True],
    [1, 2.0],
    [1, "2"],
    [2**64, 1],
    [None, 1.5],
    [True],
    [1.5],
    [object()],
    np.ones((2, 2)),
    {1: 2},
    True,
    1.0,
]


@pytest.mark.parametrize("case", WRONG)
def test_keys_that_do_not_fit_exactly_are_refused(numbers, case):
    array = WRONG[case] if isinstance(WRONG[case], pa.Array) else pa.array(WRONG[case])
    table = frame([(0, 0, 3), (1, 1, 3)])
    wrong = table.set_column(0, "user_id", array)
    with EmbeddingFeatures(numbers) as client:
        for ask in (
            lambda: historical(numbers, wrong, "ranking_dense"),
            lambda: historical(numbers, wrong.to_pandas(), "ranking_dense"),
            lambda: online(numbers, wrong, "ranking_dense"),
            lambda: client.online(WRONG[case], [VECTOR]),
            lambda: client.recall(WRONG[case], 2, "item", by="user"),
            lambda: client.recall(ids_of("user", 1), 2, "item", by="user", deny=WRONG[case]),
        ):
            with pytest.raises(DataError):
                ask()


@pytest.mark.parametrize("ids", MIXED)
def test_ids_of_several_kinds_are_refused(numbers, ids):
    with EmbeddingFeatures(numbers) as client:
        with pytest.raises(DataError):
            client.online(ids, [VECTOR])
        with pytest.raises(DataError):
            client.recall(ids, 2, "item", by="user")


@pytest.mark.parametrize("given", [[1, 2], {"user_id": [1]}, "frame", None, 7, pa.array([1]), np.ones(2)])
def test_what_is_no_frame_is_named(numbers, given):
    for ask in (historical, online):
        with pytest.raises(DataError, match="frame"):
            ask(numbers, given, "ranking_dense")


def test_a_frame_of_doubles_and_one_of_several_types_are_named():
    doubles = pd.DataFrame([[1, 2]], columns=["user_id", "user_id"])
    for given in (doubles, pa.table([[1], [2]], ["a", "a"])):
        with pytest.raises(DataError):
            as_table(given)
    with pytest.raises(DataError, match="one type"):
        as_table(pd.DataFrame({"a": [1, "x"]}))


def test_ids_are_read_as_they_are():
    series = pd.Series([3, 1])
    forms = [
        *([3, 1], (3, 1), range(3, 0, -2), np.array([3, 1], np.int8), torch.tensor([3, 1])),
        *(series, series.astype("Int64"), series.astype("category"), pa.array([3, 1], pa.uint8())),
    ]
    for ids in forms:
        assert flat_ids(ids).to_pylist() == [3, 1]
    assert flat_ids([]).type == pa.int64()
    assert flat_ids("ab").to_pylist() == ["ab"]
    assert flat_ids(pd.Series(["a", None])).to_pylist() == ["a", None]


INT32 = """
driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT32)
shop = Entity(name="shop", join_keys=["shop_id"], value_type=ValueType.STRING)
stats = FeatureView(name="stats", entities=[driver], ttl=timedelta(0), source=SOURCE,
                    schema=[Field(name="driver_id", dtype=Int32), Field(name="n", dtype=Int64)])
joint = FeatureView(name="joint", entities=[driver, shop], ttl=timedelta(0), source=SOURCE,
                    schema=[Field(name="driver_id", dtype=Int32), Field(name="shop_id", dtype=String),
                            Field(name="m", dtype=Int64)])
"""


@pytest.fixture(params=[False, True], ids=["ours", "stock"])
def small(request, tmp_path):
    """A repository with an entity of INT32."""
    columns = {
        "driver_id": pa.array([0, 1, 2], pa.int32()),
        "shop_id": ["a", "b", "c"],
        "n": [1, 2, 3],
        "m": [4, 5, 6],
    }
    repo = own_repo(tmp_path / "repo", INT32, columns, stock=request.param)
    result = feast(repo, "apply")
    assert result.exit_code == 0, result.output
    FeatureStore(repo_path=str(repo)).materialize(T0 - DAY, T0 + DAY)
    return repo


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32(), pa.uint64()]
)
def test_an_entity_of_int32_is_joined_as_feast_joins_it(small, kind):
    times = pa.array([T0 + 5 * DAY, T0 - DAY, T0 + DAY, T0 + DAY], US)
    ids = pa.array([0, 1, 2, 99], kind)
    rows = pa.table({"driver_id": ids, "shop_id": ["a", "b", "x", "c"], "event_timestamp": times})
    store = FeatureStore(repo_path=str(small))
    features = ["stats:n", "joint:m"]
    feast = store.get_historical_features(rows.to_pandas(), features).to_df().sort_values("driver_id")
    wanted = [[None if pd.isna(v) else v for v in feast[name]] for name in ("n", "m")]
    assert wanted == [[1, None, 3, None], [4, None, None, None]]
    keys = rows.select(["driver_id", "shop_id"])
    with EmbeddingFeatures(small) as client:
        for found in (historical(small, rows, features), client.historical(rows.to_pandas(), features)):
            assert [found[name].to_pylist() for name in ("stats__n", "joint__m")] == wanted
        read = online(small, keys, features)
        assert [read[name].to_pylist() for name in ("stats__n", "joint__m")] == [
            [1, 2, 3, None],
            [4, 5, None, None],
        ]
        assert client.online(ids, ["stats"])["stats"].found.tolist() == [True] * 3 + [False]
        assert client.online(1, ["stats"])["stats"].arrays["n"].tolist() == [2]


def test_ids_beyond_int32_join_nothing_and_are_no_keys_online(small):
    ids = pa.array([1, 2**40, -(2**31) - 1])
    rows = pa.table({"driver_id": ids, "event_timestamp": pa.array([T0 + DAY] * 3, US)})
    assert historical(small, rows, ["stats:n"])["stats__n"].to_pylist() == [2, None, None]
    with pytest.raises(DataError, match=r"driver_id (.*not in range|is beyond int32)"):
        online(small, rows, ["stats:n"])
    for wrong in (pa.array(["1", "2", "3"]), pa.array([1.0, 2.0, 3.0]), pa.array([2**63, 1, 2], pa.uint64())):
        for ask in (historical, online):
            with pytest.raises(DataError, match="driver_id"):
                ask(small, rows.set_column(0, "driver_id", wrong), ["stats:n"])
    with EmbeddingFeatures(small) as client, pytest.raises((DataError, StoreError), match="numbers of ids"):
        client.online({"driver_id": [1, 2], "shop_id": ["a"]}, ["joint"])
