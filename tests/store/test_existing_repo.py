"""docs/howto/existing-repo.md, done: a stock Feast repository gets five lines, and everything goes on."""

import re
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from feast import FeatureStore
from feast.cli.cli import cli

from embedding_features.store import historical, online
from embedding_features.store.client.client import EmbeddingFeatures
from embedding_features.store.doctor import examine
from tests.paths import ROOT

PAGE = ROOT / "docs/howto/existing-repo.md"
T0 = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

YAML = """
project: shop
provider: local
registry: data/registry.db
online_store:
  type: sqlite
  path: data/online_store.db
offline_store:
  type: duckdb
entity_key_serialization_version: 3
"""
FEATURES = """
from datetime import timedelta
from pathlib import Path

from feast import Entity, FeatureService, FeatureView, Field, FileSource, PushSource, ValueType
from feast.types import Array, Float32, Int64, String

data = Path(__file__).parent / "data"
item = Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64)
shop = Entity(name="shop", join_keys=["shop_id"], value_type=ValueType.STRING)
sales = FeatureView(
    name="sales",
    entities=[item, shop],
    ttl=timedelta(days=100_000),
    schema=[Field(name="sold", dtype=Int64), Field(name="price", dtype=Float32)],
    source=FileSource(name="sales", path=str(data / "sales.parquet"), timestamp_field="at"),
)
vectors = FileSource(
    name="vectors", path=str(data / "vectors.parquet"), timestamp_field="at", created_timestamp_column="made"
)
item_vector = FeatureView(
    name="item_vector",
    entities=[item],
    schema=[
        Field(
            name="vector",
            dtype=Array(Float32),
            tags={"embedding_features.kind": "vector", "embedding_features.dim": "4"},
        ),
        Field(name="name", dtype=String),
    ],
    tags={"embedding_features.space": "shop.1"},
    source=PushSource(name="new_items", batch_source=vectors),
)
ranking = FeatureService(name="ranking", features=[sales, item_vector])
"""


def stamps(days):
    return pa.array([T0 + day * DAY for day in days], pa.timestamp("us", tz="UTC"))


def write_data(folder):
    """Three days of vectors of 20 items, and sales of items by shop."""
    rng = np.random.default_rng(0)
    ids, days = np.tile(np.arange(20) + 2**60, 3), np.repeat([0, 1, 2], 20)
    vectors = rng.standard_normal((60, 4)).astype(np.float32)
    table = {
        "item_id": ids, "vector": pa.array(list(vectors), pa.list_(pa.float32())),
        "name": [f"é{i}" for i in ids], "at": stamps(days), "made": stamps(days),
    }  # fmt: skip
    pq.write_table(pa.table(table), folder / "vectors.parquet")
    sold = rng.integers(0, 9, 60)
    shops = [f"shop {i % 3}" for i in range(60)]
    table = {"item_id": ids, "shop_id": shops, "sold": sold, "price": vectors[:, 0], "at": stamps(days)}
    pq.write_table(pa.table(table), folder / "sales.parquet")


@pytest.fixture
def feast(monkeypatch, tmp_path):
    """Run a feast command on the repository, as a fresh process would."""
    repo = tmp_path / "repo"
    (repo / "data").mkdir(parents=True)
    (repo / "feature_store.yaml").write_text(YAML)
    (repo / "features.py").write_text(FEATURES)
    write_data(repo / "data")

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", [*sys.path, str(repo)])
        sys.modules.pop("features", None)
        result = CliRunner().invoke(cli, ["-c", str(repo), *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return repo

    return run


def add_lines(repo):
    """What the page says: its five lines instead of the repository's own sections."""
    (lines,) = re.findall(r"```yaml\n(offline_store.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(lines.strip().splitlines()) == 5
    sections = yaml.safe_load(lines)
    before = yaml.safe_load((repo / "feature_store.yaml").read_text())
    assert sections.keys() == {"offline_store", "online_store", "batch_engine"}
    (repo / "feature_store.yaml").write_text(yaml.safe_dump(before | sections))


WINDOW = ((T0 - DAY).isoformat(), (T0 + 10 * DAY).isoformat())
ROWS = pd.DataFrame(
    {
        "item_id": [2**60 + 3, 2**60 + 4, 2**60 + 99, 2**60],
        "shop_id": ["shop 0", "shop 1", "shop 0", "shop 0"],
        "event_timestamp": [T0 + 1.5 * DAY, T0 + DAY, T0 + 3 * DAY, T0 - DAY],
    }
)
NAMES = ["sold", "price", "vector", "name"]


def served(repo, ids=ROWS):
    store = FeatureStore(repo_path=str(repo))
    rows = ids[["item_id", "shop_id"]].to_dict("records")
    answer = store.get_online_features(store.get_feature_service("ranking"), rows).to_dict()
    return {name: answer[name] for name in NAMES}


def trained(repo):
    store = FeatureStore(repo_path=str(repo))
    job = store.get_historical_features(ROWS, store.get_feature_service("ranking"))
    frame = job.to_df().set_index("item_id").loc[ROWS["item_id"]]
    lists = [None if value is None else list(value) for value in frame["vector"]]
    return [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in NAMES[:2]], lists


def pushed(repo, item, vector):
    row = {
        "item_id": [item],
        "vector": [vector],
        "name": ["new"],
        "at": [T0 + 5 * DAY],
        "made": [T0 + 5 * DAY],
    }
    FeatureStore(repo_path=str(repo)).push("new_items", pd.DataFrame(row))


@pytest.mark.parametrize("tagged", [True, False])
def test_five_lines_and_everything_goes_on(feast, tmp_path, tagged):
    """Also with a view of vectors that is not tagged, which is materialized row by row."""
    if not tagged:
        path = tmp_path / "repo/features.py"
        path.write_text(re.sub(r",?\s*tags=\{.*?\}", "", path.read_text()))
    repo = feast("apply")
    feast("materialize", *WINDOW)
    stock = served(repo), trained(repo)

    add_lines(repo)
    feast("apply")
    feast("materialize", *WINDOW)
    assert (served(repo), trained(repo)) == stock
    assert stock[0]["vector"][2] is None
    assert [value is None for value in stock[0]["vector"]] == [False, False, True, False]

    pushed(repo, 2**60 + 99, [1.0, 2.0, 3.0, 4.0])
    assert served(repo)["vector"][2] == [1.0, 2.0, 3.0, 4.0]
    assert served(repo)["sold"] == stock[0]["sold"]
    feast("materialize-incremental", (T0 + 11 * DAY).isoformat())
    assert served(repo)["vector"][2] == [1.0, 2.0, 3.0, 4.0]

    (repo / "feature_store.yaml").write_text(YAML)  # and back: what was online before is online still
    feast("apply")
    assert served(repo) == stock[0]


def test_the_array_path_reads_other_views_as_feast_does(feast):
    """Scalars, text, joint keys and pushes: one Arrow table over Feast's stores and over ours."""
    repo = feast("apply")
    feast("materialize", *WINDOW)
    ids = pa.table({"item_id": ROWS["item_id"], "shop_id": ROWS["shop_id"]})
    pushed(repo, 2**60 + 7, [1.0, 2.0, 3.0, 4.0])
    stock = online(repo, ids, "ranking")
    add_lines(repo)
    feast("apply")
    feast("materialize", *WINDOW)
    pushed(repo, 2**60 + 7, [1.0, 2.0, 3.0, 4.0])
    assert online(repo, ids, "ranking").equals(stock)
    with EmbeddingFeatures(repo) as client:
        found = client.online({name: ids[name].combine_chunks() for name in ids.column_names}, "ranking")
    assert found["sales"].found.tolist() == [v is not None for v in stock["sales__sold"].to_pylist()]
    assert found["item_vector"].arrays["vector"][0].tolist() == stock["item_vector__vector"][0].as_py()


def test_a_tagged_view_is_joined_by_stock_stores_too(feast):
    """The tag alone does not make it a published snapshot."""
    repo = feast("apply")
    rows = pa.table({"item_id": ROWS["item_id"], "event_timestamp": stamps([1.5, 1, 3, -1])})
    stock = historical(repo, rows, ["item_vector"])
    assert [v is None for v in stock["item_vector__name"].to_pylist()] == [False, False, True, True]
    add_lines(repo)
    assert historical(repo, rows, ["item_vector"]).equals(stock)


def test_after_the_switch_doctor_brings_online_what_was(feast):
    """Nothing is in the new store, and materialize-incremental would bring only what is new."""
    repo = feast("apply")
    feast("materialize", *WINDOW)
    stock = served(repo)
    add_lines(repo)
    feast("apply")
    assert served(repo)["vector"] == [None] * 4
    report = examine(repo)
    assert sorted((f.code, f.where) for f in report.left) == [
        ("lost-online", "view item_vector"),
        ("lost-online", "view sales"),
    ]
    assert examine(repo, fix=True).left == []
    assert served(repo) == stock
