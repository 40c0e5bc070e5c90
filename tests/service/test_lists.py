"""Popular items and domains: any of Arrow's forms of ids and text, and an error by name for anything else."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedding_features.errors import ConfigError
from ranking.service.lists import read_domains, read_popular
from tests.service.running import Running
from tests.store.builders import ids_of

ITEMS = ids_of("item", 33).to_pylist()
FORMS = {
    "string": lambda texts: pa.array(texts, pa.string()),
    "large": lambda texts: pa.array(texts, pa.large_string()),
    "view": lambda texts: pa.array(texts, pa.string_view()),
    "categories": lambda texts: pa.array(texts).dictionary_encode(),
    "large categories": lambda texts: pa.array(texts, pa.large_string()).dictionary_encode(),
    "categories of 8 bits": lambda texts: pa.array(texts).cast(pa.dictionary(pa.int8(), pa.string())),
    "in pieces": lambda texts: pa.chunked_array([pa.array([text]).dictionary_encode() for text in texts]),
}
INTEGERS = [pa.int64(), pa.int32(), pa.int16(), pa.uint8(), pa.uint64()]


def written(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_text_in_any_form_is_one_list(tmp_path, form):
    texts = ["b", "", "é", "a", "b"]
    path = written(tmp_path / "list.parquet", other=pa.array(range(5)), item_id=FORMS[form](texts))
    assert read_popular(path) == ["b", "", "é", "a"]
    path = written(path, id=FORMS[form](texts), domain=FORMS[form](["x", "y", "x", "y", "x"]))
    assert read_domains({"item": path}) == {"item": {"b": "x", "": "y", "é": "x", "a": "y"}}


@pytest.mark.parametrize("kind", INTEGERS, ids=str)
def test_integers_of_any_width_are_one_list(tmp_path, kind):
    for ids in (pa.array([3, 1, 2, 3], kind), pa.array([3, 1, 2, 3], kind).dictionary_encode()):
        assert read_popular(written(tmp_path / "list.parquet", item_id=ids)) == [3, 1, 2]


def test_lists_of_pandas(tmp_path):
    path = tmp_path / "list.parquet"
    for ids in (
        pd.Categorical(["b", "a"]), pd.array(["b", "a"], "string"), np.array(["b", "a"], object), ["b", "a"],
    ):  # fmt: skip
        pd.DataFrame({"item_id": ids}).set_index("item_id", drop=False).to_parquet(path)
        assert read_popular(path) == ["b", "a"]


def test_an_empty_list_is_one(tmp_path):
    for ids in (pa.array([], pa.string()), pa.nulls(0), pa.array([], pa.int64())):
        assert read_popular(written(tmp_path / "list.parquet", item_id=ids)) == []
    assert read_popular(None) == []


BROKEN_TEXT = pa.StringArray.from_buffers(1, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff"))


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        (pa.array([1.0, 2.0]), "item_id is double"),
        (pa.array([True]), "item_id is bool"),
        (pa.array([b"a"]), "item_id is binary"),
        (pa.array([1]).cast(pa.decimal128(20, 0)), "item_id is decimal"),
        (pa.array([1], pa.timestamp("us")), "item_id is timestamp"),
        (pa.array([[1]]), "item_id is list"),
        (pa.array([{"a": 1}]), "item_id is struct"),
        (pa.nulls(2), "item_id is null"),
        (pa.array([1, None, None]), "item_id is null in 2 rows, first in row 1"),
        (pa.array(["a", None]), "item_id is null in 1 rows"),
        (pa.array(["a", None]).dictionary_encode(), "item_id is null in 1 rows"),
        (pa.array([1, 2**63], pa.uint64()), "9223372036854775808 not in range"),
        (BROKEN_TEXT, "UTF8"),
    ],
)
def test_what_are_no_ids_is_named(tmp_path, ids, says):
    with pytest.raises(ConfigError, match=says) as raised:
        read_popular(written(tmp_path / "list.parquet", item_id=ids))
    assert "list.parquet" in raised.value.what
    assert raised.value.fix
    with pytest.raises(ConfigError, match=says.replace("item_id", "id")):
        read_domains({"item": written(tmp_path / "list.parquet", id=ids, domain=["x"] * len(ids))})


@pytest.mark.parametrize(
    ("domains", "says"),
    [
        (["x", None, "y"], "domain is null in 1 rows"),
        ([1, 2, 3], "domain is int64"),
        ([b"x", b"y", b"z"], "domain is binary"),
        (["x", "y", "z"], "id 1 is in the domains 'x' and 'z'"),
    ],
)
def test_domains_that_are_none_are_named(tmp_path, domains, says):
    path = written(tmp_path / "list.parquet", id=[1, 2, 1], domain=domains)
    with pytest.raises(ConfigError, match=says):
        read_domains({"item": path})


def test_a_domain_that_is_said_again_is_none_more(tmp_path):
    path = written(tmp_path / "list.parquet", id=[1, 2, 1], domain=["x", "y", "x"])
    assert read_domains({"item": path}) == {"item": {1: "x", 2: "y"}}


def unreadable(path, how):
    if how == "other columns":
        written(path, other=[1])
    elif how == "a column twice":
        pq.write_table(pa.table([pa.array([1]), pa.array([2])], ["item_id", "item_id"]), path)
    elif how == "no Parquet":
        path.write_text("item_id\n1\n")
    elif how == "cut":
        written(path, item_id=list(range(1000)), id=list(range(1000)), domain=["x"] * 1000)
        path.write_bytes(path.read_bytes()[:-20])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "an empty folder":
        path.mkdir()


@pytest.mark.parametrize(
    "how", ["nowhere", "other columns", "a column twice", "no Parquet", "cut", "empty", "an empty folder"]
)
@pytest.mark.parametrize("name", ["popular", "domains"])
def test_a_list_that_cannot_be_read_is_named(world, tmp_path, how, name):
    unreadable(tmp_path / "list.parquet", how)
    path = tmp_path / "list.parquet"
    settings = {"popular": path} if name == "popular" else {"recall": {"domains": {"item": path}}}
    with pytest.raises(ConfigError, match=r"list.parquet cannot be read"):
        Running(world, "lightgbm", **settings)


@pytest.mark.parametrize("name", ["popular", "domains"])
def test_ids_of_another_type_than_the_repositorys_are_named(world, tmp_path, name):
    """Else who asks would be told that their request is wrong."""
    path = written(tmp_path / "list.parquet", item_id=["7"], id=["7"], domain=["x"])
    settings = {"popular": path} if name == "popular" else {"recall": {"domains": {"item": path}}}
    with pytest.raises(ConfigError, match=f"{name}: ids are string, and those of 'item' int64"):
        Running(world, "lightgbm", **settings)


def test_a_list_of_a_type_that_nobody_published_is_taken(world, tmp_path):
    path = written(tmp_path / "list.parquet", id=["7"], domain=["x"])
    with Running(world, "lightgbm", recall={"domains": {"shop": path}}) as running:
        assert running.get("/health").status_code == 200


def test_popular_items_in_categories_are_recommended(world, tmp_path):
    path = written(tmp_path / "list.parquet", item_id=pa.array(ITEMS[:3]).dictionary_encode())
    with Running(world, "lightgbm", popular=path) as running:
        told = running.post("/recommend", {"user": ids_of("user", 22).to_pylist()[21]}).json()
        assert (told["source"], set(told["items"])) == ("popular", set(ITEMS[:3]))
