"""Keys and features of every type over our stores, beside Feast's own: the same answer, or a refusal."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal as Number

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import (
    Array,
    Bool,
    Bytes,
    Decimal,
    Float32,
    Float64,
    ImageBytes,
    Int32,
    Int64,
    Json,
    Map,
    PdfBytes,
    Set,
    String,
    Struct,
    TimeUuid,
    UnixTimestamp,
    Uuid,
    ZonedTimestamp,
)  # fmt: skip

from embedding_features import EmbeddingFeatures
from embedding_features.errors import DataError, StoreError
from embedding_features.store import online
from embedding_features.store.marks import marks
from tests.store.builders import make_repo
from tests.store.snapshot_world import online_config

T0, DAY = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1)
US = pa.timestamp("us", tz="UTC")
OURS = ["snapshot", "redis"]
U = [uuid.UUID(int=0xABC + i) for i in range(4)]
TIMES = [datetime(2024, 5, i, 3, 4, 5, tzinfo=UTC) for i in (1, 2, 3, 4)]
#: a key's type → its Arrow type, three ids that are there and one that is not
KEYS = {
    "INT32": (Int32, pa.int32(), [1, -2, 2**31 - 1, 9]),
    "INT64": (Int64, pa.int64(), [1, -2, 2**63 - 1, 9]),
    "STRING": (String, pa.string(), ["a", "1", "é\x00", ""]),
    "BYTES": (Bytes, pa.binary(), [b"a", b"\x00", b"1", b"z"]),
    "UNIX_TIMESTAMP": (UnixTimestamp, US, TIMES),
    "UUID": (Uuid, pa.string(), [str(u) for u in U]),
    "TIME_UUID": (TimeUuid, pa.string(), [str(u) for u in U]),
    "BOOL": (Bool, pa.bool_(), [True, False]),
}
BY_SNAPSHOT = ("INT32", "INT64", "STRING", "UUID", "TIME_UUID")
STOCK = ("INT32", "INT64", "STRING", "BYTES", "UNIX_TIMESTAMP")  # Feast's own stores refuse the others


NUMBER = (Int64, pa.int64())


class World:
    """A repository with one view of keys and one feature, over one of our stores or of Feast's."""

    def __init__(self, root, kind, redis, keys, feature=NUMBER, tags=None):
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.keys, self.feature = root, keys, feature
        stock = {
            "stock sqlite": {"type": "sqlite", "path": str(root / "o.db")},
            "stock redis": {"type": "redis", "connection_string": redis},
        }
        engine = "local" if kind in stock else "embedding_features.store.engine.ArrowEngine"
        self.feast = FeatureStore(
            config=RepoConfig(
                project=root.name.replace(" ", "_"),
                provider="local",
                registry=str(root / "registry.db"),
                offline_store={"type": "duckdb"},
                online_store=stock.get(kind) or online_config(kind, root, redis),
                batch_engine={"type": engine},
                entity_key_serialization_version=3,
                repo_path=root,
            )
        )
        self.entities = [
            Entity(name=f"e_{name}", join_keys=[name], value_type=dtype.to_value_type())
            for name, (dtype, _) in keys.items()
        ]
        schema = [*(Field(name=n, dtype=d) for n, (d, _) in keys.items()), Field(name="f", dtype=feature[0])]
        source = FileSource(path=str(root / "*.parquet"), timestamp_field="event_timestamp")
        self.put([[] for _ in keys], [])
        self.view = FeatureView(
            name="v", entities=self.entities, ttl=None, schema=schema, source=source, tags=tags or {}
        )

    def table(self, ids, values, moment=T0):
        columns = {
            n: pa.array(column, kind) for (n, (_, kind)), column in zip(self.keys.items(), ids, strict=True)
        }
        columns["f"] = pa.array(values, self.feature[1])
        return pa.table({**columns, "event_timestamp": pa.array([moment] * len(values), US)})

    def put(self, ids, values, moment=T0):
        pq.write_table(self.table(ids, values, moment), self.root / "rows.parquet")

    def apply(self):
        self.feast.apply([*self.entities, self.view])
        return self

    def materialize(self):
        self.feast.materialize(T0 - DAY, T0 + DAY)

    def push(self, ids, values, moment=T0 + DAY):
        self.feast.write_to_online_store("v", self.table(ids, values, moment).to_pandas())

    def get(self, ids):
        rows = [dict(zip(self.keys, row, strict=True)) for row in zip(*ids, strict=True)]
        return self.feast.get_online_features(["v:f"], rows).to_dict()["f"]

    def arrays(self, ids):
        online_store = self.feast._get_provider().online_store
        return online_store.read_arrays(self.feast.config, self.feast.get_feature_view("v"), ids)


@pytest.fixture
def make(tmp_path, redis_address):
    """``make(kind, keys, **settings)``: a repository of its own."""

    def made(kind, keys, **settings):
        return World(tmp_path / f"{kind} {uuid.uuid4().hex}", kind, redis_address, keys, **settings)

    return made


def key(kind):
    dtype, arrow, _ = KEYS[kind]
    return {"k": (dtype, arrow)}


def lifecycle(world, ids):
    """What is read after materialization, and after a push of the last id and another value of the first."""
    world.put([ids[:-1]], list(range(10, 9 + len(ids))))
    world.apply().materialize()
    first = world.get([ids])
    world.push([[ids[-1], ids[0]]], [99, 98])
    return first, world.get([ids])


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("name", list(KEYS))
def test_a_view_written_by_rows_answers_as_feasts_own_stores(make, kind, name):
    ids = KEYS[name][2]
    expected = ([*range(10, 9 + len(ids)), None], [98, *range(11, 9 + len(ids)), 99])
    assert lifecycle(make(kind, key(name)), ids) == expected
    for stock in ("stock sqlite", "stock redis") if name in STOCK else ():
        assert lifecycle(make(stock, key(name)), ids) == expected


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("name", list(KEYS))
def test_a_view_of_snapshots_works_or_is_refused_when_it_is_applied(make, kind, name):
    world, ids = make(kind, key(name), tags=marks({"space": "s"})), KEYS[name][2]
    if name not in BY_SNAPSHOT:
        with pytest.raises(StoreError, match=f"view v has the key k of type {name}(.|\n)*leave out the tag"):
            world.apply()
        assert FeatureStore(config=world.feast.config).list_feature_views() == [], "nothing was applied"
        return
    expected = ([*range(10, 9 + len(ids)), None], [98, *range(11, 9 + len(ids)), 99])
    assert lifecycle(world, ids) == expected
    rows = world.arrays(ids)
    assert rows.found.all()
    assert rows.arrays["f"].tolist() == expected[1]
    if name in STOCK:
        assert lifecycle(make("stock sqlite", key(name)), ids) == expected


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("tags", [{}, marks({"space": "s"})])
@pytest.mark.parametrize("dtype", [Float32, Float64, Decimal])
def test_keys_whose_equal_values_are_written_differently_are_refused(make, kind, tags, dtype):
    world = make(kind, {"k": (dtype, pa.string())}, tags=tags)
    with pytest.raises(StoreError, match=f"key k of type {dtype.to_value_type().name}"):
        world.apply()
    assert FeatureStore(config=world.feast.config).list_feature_views() == []


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("tags", [{}, marks({"space": "s"})])
def test_a_uuid_is_one_however_it_is_written(make, kind, tags):
    world = make(kind, key("UUID"), tags=tags)
    world.put([[str(U[0]).upper(), U[1].hex]], [1, 2])
    world.apply().materialize()
    for ways in ([U[0], U[1]], [str(U[0]), str(U[1])], [U[0].hex, str(U[1]).upper()]):
        assert world.get([ways]) == [1, 2]
        assert world.arrays(ways).arrays["f"].tolist() == [1, 2]
    world.push([[U[0].hex.upper()]], [3])
    assert world.get([[U[0], U[1]]]) == [3, 2]
    with pytest.raises(DataError, match="no UUID"):
        world.push([["x"]], [3])


@pytest.mark.parametrize("kind", OURS)
def test_joint_keys_of_every_type(make, kind):
    for names in (["INT32", "STRING"], ["INT64", "BYTES"], ["UNIX_TIMESTAMP", "INT32"], ["UUID", "BOOL"]):
        keys = {f"k{i}": KEYS[name][:2] for i, name in enumerate(names)}
        values = [KEYS[name][2] for name in names]
        ids = [[values[0][0], values[0][0], values[0][1]], [values[1][0], values[1][1], values[1][0]]]
        unknown = [[values[0][1]], [values[1][1]]]
        found = []
        for each in (kind, *(("stock sqlite", "stock redis") if "UUID" not in names else ())):
            world = make(each, keys)
            world.put(ids, [1, 2, 3])
            world.apply().materialize()
            world.push([[ids[0][1]], [ids[1][1]]], [7])
            found.append((world.get(ids), world.get(unknown)))
        assert found == [([1, 7, 3], [None])] * len(found)


NAN = float("nan")
#: a key's type → ids that do not fit it exactly; each is close to one that is there
MISFITS = {
    "INT64": [1.0, 1.5, np.float64(1), np.float32(1), True, np.True_, "1", b"1", None, NAN, pd.NA, pd.NaT,
              2**63, np.uint64(2**63), Number(1), [1], 1 + 0j],
    "INT32": [1.0, True, "1", 2**31, -(2**31) - 1, np.int64(2**31)],
    "STRING": [1, 1.0, True, b"1", None, NAN, np.int64(1), ["1"]],
    "BYTES": ["1", 1, True, None, bytearray(b"1")],
    "BOOL": [1, 0, 1.0, "True", None, np.int64(1)],
    "UNIX_TIMESTAMP": [TIMES[0].replace(microsecond=1), TIMES[0].timestamp(), 0.5, True,
                       str(TIMES[0]), None, pd.NaT, pd.Timestamp(TIMES[0]) + pd.Timedelta(1, "ns"),
                       np.datetime64("NaT"), np.datetime64("2024-05-01T03:04:05.5")],
    "UUID": ["x", 1, True, None, U[0].bytes, str(U[0])[:-1]],
}  # fmt: skip


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("name", list(MISFITS))
def test_ids_that_do_not_fit_exactly_are_refused_by_name(make, kind, name):
    world = make(kind, key(name))
    ids = {"INT64": [1, 0], "INT32": [1, 0], "STRING": ["1", "1.0", "True"], "BYTES": [b"1"]}
    held = ids.get(name, KEYS[name][2][:2])
    world.put([held], list(range(len(held))))
    world.apply().materialize()
    for misfit in MISFITS[name]:
        for asked in ([misfit], [held[0], misfit]):
            rows = [{"k": each} for each in asked]
            with pytest.raises(DataError, match=f"k is (.|\n)*the view has {name} keys"):
                world.feast.get_online_features(["v:f"], rows)
            with pytest.raises(DataError, match=f"k is (.|\n)*the view has {name} keys"):
                world.feast.get_online_features(["v:f"], {"k": asked})
            with pytest.raises(DataError):
                world.arrays(asked)
    assert world.get([held]) == list(range(len(held)))


@pytest.mark.parametrize("kind", OURS)
def test_ids_that_fit_are_answered_whatever_holds_them(make, kind):
    world = make(kind, key("INT64"))
    world.put([[1, 2]], [10, 20])
    world.apply().materialize()
    for one in (1, np.int8(1), np.int32(1), np.uint64(1), np.int64(1)):
        assert world.get([[one, 2]]) == [10, 20]
        assert world.arrays([one, 2]).arrays["f"].tolist() == [10, 20]
    held = [
        np.array([1, 2], np.uint8), np.array([1, 2], np.uint64), np.array([1, 2], object), (1, 2),
        range(1, 3),
        pd.Series([1, 2]), pd.Series([1, 2], dtype="Int64"), pa.array([1, 2], pa.int16()),
        pa.chunked_array([pa.array([1]), pa.array([2])]),
    ]  # fmt: skip
    for ids in held:
        assert world.arrays(ids).arrays["f"].tolist() == [10, 20]
    assert world.arrays(1).arrays["f"].tolist() == [10]
    words = make(kind, key("STRING"))
    words.put([["a", "b"]], [10, 20])
    words.apply().materialize()
    for ids in (
        np.array(["a", "b"]), pd.Series(["a", "b"], dtype="category"),
        pa.array(["a", "b"]).dictionary_encode(), pa.array(["a", "b"], pa.large_string()),
        np.array(["a", "b"], object),
    ):  # fmt: skip
        assert words.arrays(ids).arrays["f"].tolist() == [10, 20]
    assert words.arrays("b").arrays["f"].tolist() == [20]


@pytest.mark.parametrize("kind", OURS)
def test_arrays_of_a_type_that_numpy_would_mix_are_refused(make, kind):
    world = make(kind, key("INT64"))
    world.put([[1, 2]], [10, 20])
    world.apply().materialize()
    for ids in (
        [True, 2], [1, 2.0], np.array([1.0]), pd.Series([1, None]), pd.Series([1, None], dtype="Int64"),
        pa.array([1, None]), pa.array([1.0]), pa.array([True]), np.array([2**63], np.uint64), ["a", 1], [[1]],
        np.array([[1]]), np.array(1.0), 1.0, None, ["1"], "1", np.array(["1"]),
    ):  # fmt: skip
        with pytest.raises(DataError):
            world.arrays(ids)


@pytest.mark.parametrize("kind", OURS)
def test_entity_keys_of_another_type_are_refused(make, kind):
    world = make(kind, key("INT64")).apply()
    store, config, view = world.feast._get_provider().online_store, world.feast.config, world.view
    for value in (Value(string_val="1"), Value(double_val=1), Value(bool_val=True), Value()):
        entity = EntityKey(join_keys=["k"], entity_values=[value])
        with pytest.raises(DataError, match="the view has INT64 keys"):
            store.online_read(config, view, [entity])
        with pytest.raises((DataError, StoreError), match=r"the view has INT64 keys|has null as k"):
            store.online_write_batch(config, view, [(entity, {"f": Value(int64_val=1)}, T0, None)], None)
    for missing in (None, NAN):
        with pytest.raises(StoreError, match="null as k"):
            world.feast.write_to_online_store(
                "v", pd.DataFrame({"k": [missing], "f": [1], "event_timestamp": [T0]})
            )
    small = EntityKey(join_keys=["k"], entity_values=[Value(int32_val=1)])
    assert store.online_read(config, view, [small]) == [(None, None)]


@pytest.fixture(params=OURS)
def service(request, tmp_path, redis_address):
    """A repository of the project's form with views of many keys."""
    repo = make_repo(tmp_path / "repo", redis=redis_address if request.param == "redis" else "")
    feast = FeatureStore(repo_path=str(repo))
    for name, (dtype, arrow, ids) in KEYS.items():
        path = tmp_path / f"{name}.parquet"
        columns = {"k": pa.array(ids[:2], arrow), "f": [1, 2], "event_timestamp": pa.array([T0] * 2, US)}
        pq.write_table(pa.table(columns), path)
        entity = Entity(name=f"e_{name}", join_keys=["k"], value_type=dtype.to_value_type())
        view = FeatureView(
            name=f"v_{name}", entities=[entity], ttl=None,
            schema=[Field(name="k", dtype=dtype), Field(name="f", dtype=Int64)],
            source=FileSource(path=str(path), timestamp_field="event_timestamp"),
        )  # fmt: skip
        feast.apply([entity, view])
    feast.materialize(T0 - DAY, T0 + DAY)
    return repo


def test_the_client_and_the_tables_answer_for_every_key(service):
    client = EmbeddingFeatures(service)
    for name, (_, arrow, ids) in KEYS.items():
        rows = client.online(ids if len(ids) < 3 else ids[1::2], [f"v_{name}:f"])[f"v_{name}"]
        assert rows.found.tolist() == ([True, True] if len(ids) < 3 else [True, False]), name
        frame = pa.table({"k": pa.array([*ids[:2], None], arrow)})
        assert online(service, frame, [f"v_{name}:f"])[f"v_{name}__f"].to_pylist() == [1, 2, None], name


def test_the_client_answers_joint_keys_and_refuses_what_does_not_fit(service, tmp_path):
    feast, keys = FeatureStore(repo_path=str(service)), {"a": KEYS["INT64"], "b": KEYS["STRING"]}
    ids = {"a": [1, 1, 2], "b": ["1", "2", "1"]}
    times = pa.array([T0] * 3, US)
    pq.write_table(pa.table({**ids, "f": [1, 2, 3], "event_timestamp": times}), tmp_path / "joint.parquet")
    entities = [
        Entity(name=f"joint_{n}", join_keys=[n], value_type=kind[0].to_value_type())
        for n, kind in keys.items()
    ]
    schema = [*(Field(name=n, dtype=kind[0]) for n, kind in keys.items()), Field(name="f", dtype=Int64)]
    source = FileSource(path=str(tmp_path / "joint.parquet"), timestamp_field="event_timestamp")
    feast.apply(
        [*entities, FeatureView(name="joint", entities=entities, schema=schema, source=source, ttl=None)]
    )
    feast.materialize(T0 - DAY, T0 + DAY, ["joint"])
    client = EmbeddingFeatures(service)
    for asked in (
        ids,
        {n: np.array(column) for n, column in ids.items()},
        pd.DataFrame(ids).to_dict("series"),
    ):
        assert client.online(asked, ["joint:f"])["joint"].arrays["f"].tolist() == [1, 2, 3]
    for a, b in (([1.0], ["1"]), ([True], ["1"]), (np.array([1.5]), ["1"]), ([1], [1]), ([1], [True]),
                 ([2**63], ["1"]), ([None], ["1"]), ([1], [None]), (pd.Series([1.0]), ["1"])):  # fmt: skip
        with pytest.raises(DataError):
            client.online({"a": a, "b": b}, ["joint:f"])


def test_the_client_and_the_tables_refuse_what_does_not_fit(service):
    client = EmbeddingFeatures(service)
    for name, misfits in MISFITS.items():
        for misfit in misfits:
            with pytest.raises(DataError):
                client.online([misfit], [f"v_{name}:f"])
    for kind, ids in (
        (pa.float64(), [1.0]), (pa.float64(), [1.5]), (pa.bool_(), [True]), (pa.string(), ["1"]),
        (pa.uint64(), [2**63]), (pa.decimal128(5, 2), [Number("1.00")]), (US, [T0]),
    ):  # fmt: skip
        with pytest.raises(DataError, match="k "):
            online(service, pa.table({"k": pa.array(ids, kind)}), ["v_INT64:f"])
    for kind, ids in ((pa.int64(), [1]), (pa.float64(), [1.0]), (pa.bool_(), [True]), (pa.binary(), [b"1"])):
        with pytest.raises(DataError, match="k "):
            online(service, pa.table({"k": pa.array(ids, kind)}), ["v_STRING:f"])


FEATURES = {
    "Int32": (Int32, pa.int32(), [1, -5]),
    "Int64": (Int64, pa.int64(), [1, 2**60 + 1]),
    "Float32": (Float32, pa.float32(), [1.5, -2.5]),
    "Float64": (Float64, pa.float64(), [1.1, -2.5]),
    "String": (String, pa.string(), ["é\x00", ""]),
    "Bool": (Bool, pa.bool_(), [True, False]),
    "Bytes": (Bytes, pa.binary(), [b"a", b"\x00"]),
    "PdfBytes": (PdfBytes, pa.binary(), [b"a", b"\x00"]),
    "ImageBytes": (ImageBytes, pa.binary(), [b"a", b"\x00"]),
    "UnixTimestamp": (UnixTimestamp, US, TIMES[:2]),
    "Map": (Map, pa.struct([("a", pa.string())]), [{"a": "x"}, {"a": "y"}]),
    "Json": (Json, pa.string(), ['{"a": 1}', "[1]"]),
    "Uuid": (Uuid, pa.string(), [str(U[0]), str(U[1])]),
    "TimeUuid": (TimeUuid, pa.string(), [str(U[0]), str(U[1])]),
    "Decimal": (Decimal, pa.string(), ["1.50", "2"]),
    "Struct": (Struct({"a": String}), pa.struct([("a", pa.string())]), [{"a": "x"}, {"a": "y"}]),
    "Array(Array(Int64))": (Array(Array(Int64)), pa.list_(pa.list_(pa.int64())), [[[1], [2, 3]], [[4]]]),
}
for _name in (
    "Int32",
    "Int64",
    "Float32",
    "Float64",
    "String",
    "Bool",
    "Bytes",
    "UnixTimestamp",
    "Uuid",
    "Decimal",
):
    _dtype, _arrow, _values = FEATURES[_name]
    FEATURES[f"Array({_name})"] = (Array(_dtype), pa.list_(_arrow), [_values, []])
    FEATURES[f"Set({_name})"] = (Set(_dtype), pa.list_(_arrow), [_values, []])
SNAPSHOT_FEATURES = ("Int32", "Int64", "Float32", "Float64", "String")
IN_SNAPSHOTS = (*SNAPSHOT_FEATURES, *(f"Array({name})" for name in SNAPSHOT_FEATURES))


def written_and_pushed(world, values):
    world.put([[1, 2]], values)
    world.apply().materialize()
    first = world.get([[1, 2, 3]])
    world.push([[3]], values[:1])
    return first, world.get([[1, 2, 3]])


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("name", list(FEATURES))
def test_features_of_every_type_are_read_as_from_feasts_own_stores(make, kind, name):
    """In pandas a set is none, and a set column cannot be pushed from Arrow: materialized only."""
    dtype, arrow, values = FEATURES[name]
    answers = []
    for each in (kind, "stock sqlite", "stock redis"):
        world = make(each, key("INT64"), feature=(dtype, arrow))
        if name.startswith("Set"):
            world.put([[1, 2]], values)
            world.apply().materialize()
            answers.append(world.get([[1, 2, 3]]))
        else:
            answers.append(written_and_pushed(world, values))
    assert answers[0] == answers[1] == answers[2]
    if name.startswith(("Map", "Struct", "Array(Array")):
        ours = make(kind, key("INT64"), feature=(dtype, arrow))
        written_and_pushed(ours, values)
        with pytest.raises(StoreError, match="no place in an array"):
            ours.arrays([1])


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("name", [*FEATURES, "ZonedTimestamp"])
def test_features_of_snapshots_are_read_as_from_feasts_own_store_or_refused(make, kind, name):
    dtype, arrow, values = FEATURES.get(name, (ZonedTimestamp, US, []))
    world = make(kind, key("INT64"), feature=(dtype, arrow), tags=marks({"space": "s"}))
    if name not in IN_SNAPSHOTS:
        with pytest.raises(StoreError, match="view v, one of snapshots, has the feature f of type"):
            world.apply()
        assert FeatureStore(config=world.feast.config).list_feature_views() == []
        return
    stock = make("stock sqlite", key("INT64"), feature=(dtype, arrow))
    assert written_and_pushed(world, values) == written_and_pushed(stock, values)


#: declared type, the source's, values that fit, values that do not
SOURCES = {
    "int64 as Int32": (Int32, pa.int64(), [1, -(2**31)], [1, 2**31]),
    "int16 as Int64": (Int64, pa.int16(), [1, -5], None),
    "uint64 as Int64": (Int64, pa.uint64(), [1, 5], [1, 2**63]),
    "double as Float32": (Float32, pa.float64(), [0.1, 2.5], None),
    "int32 as Float32": (Float32, pa.int32(), [1, 2], None),
    "large strings": (String, pa.large_string(), ["a", "é"], None),
    "doubles as Array(Float32)": (Array(Float32), pa.list_(pa.float64()), [[0.1, 2.5], []], None),
    "int64s as Array(Int32)": (Array(Int32), pa.list_(pa.int64()), [[1], [2, 3]], [[1], [2**31]]),
    "double as Int64": (Int64, pa.float64(), None, [1.0, 2.5]),
    "string as Int64": (Int64, pa.string(), None, ["1", "2"]),
    "int64 as String": (String, pa.int64(), None, [1, 2]),
    "a number as Array(Int64)": (Array(Int64), pa.int64(), None, [1, 2]),
    "lists as Int64": (Int64, pa.list_(pa.int64()), None, [[1], [2]]),
}


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("case", list(SOURCES))
def test_a_snapshot_holds_what_its_view_declares(make, kind, case):
    dtype, arrow, good, bad = SOURCES[case]
    for values, fits in ((good, True), (bad, False)):
        if values is None:
            continue
        world = make(kind, key("INT64"), feature=(dtype, arrow), tags=marks({"space": "s"}))
        world.put([[1, 2]], values)
        world.apply()
        if fits:
            stock = make("stock sqlite", key("INT64"), feature=(dtype, arrow))
            stock.put([[1, 2]], values)
            stock.apply().materialize()
            world.materialize()
            assert world.get([[1, 2]]) == stock.get([[1, 2]])
        else:
            with pytest.raises(StoreError, match=r"column f is|f of view v does not fit"):
                world.materialize()
            assert world.get([[1, 2]]) == [None, None]


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize(
    ("name", "arrow", "ids"),
    [
        ("INT64", pa.float64(), [1.0]), ("INT64", pa.string(), ["1"]), ("INT64", pa.uint64(), [2**63]),
        ("INT64", pa.bool_(), [True]), ("INT32", pa.int64(), [2**31]), ("STRING", pa.int64(), [1]),
        ("STRING", pa.binary(), [b"1"]), ("UUID", pa.string(), ["x"]), ("UUID", pa.int64(), [1]),
    ],
)  # fmt: skip
def test_a_snapshot_whose_ids_do_not_fit_is_refused(make, kind, name, arrow, ids):
    world = make(kind, {"k": (KEYS[name][0], arrow)}, tags=marks({"space": "s"}))
    world.put([ids], [1])
    world.apply()
    with pytest.raises(StoreError, match=r"column k is|k of view v does not fit|of view v is no UUID"):
        world.materialize()


@pytest.mark.parametrize("kind", OURS)
def test_snapshot_ids_of_other_widths(make, kind):
    """Any integers of a source are one id; so are categories and large strings."""
    for arrow in (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint64()):
        world = make(kind, {"k": (Int64, arrow)}, tags=marks({"space": "s"}))
        world.put([[1, 2]], [10, 20])
        world.apply().materialize()
        assert world.get([[1, 2, 3]]) == [10, 20, None]
    ids = pa.array(["a", "b"])
    for column in (ids.dictionary_encode(), ids.cast(pa.large_string())):
        world = make(kind, {"k": (String, pa.string())}, tags=marks({"space": "s"})).apply()
        rows = world.table([["a", "b"]], [10, 20]).set_column(0, "k", column)
        world.feast._get_provider().online_store.write_table(world.feast.config, world.view, rows)
        assert world.get([["a", "b", "c"]]) == [10, 20, None]


def test_value_types_of_keys_are_all_looked_at():
    """A type that Feast adds is refused until somebody looks at it."""
    from embedding_features.store.online_stores.key_types import _KEYS

    scalars = {kind.name for kind in ValueType} & set(KEYS)
    assert {kind.name for kind in _KEYS} == scalars
