"""Methods of walks, proximity and knowledge graphs run on users, items and behaviours, from YAML alone."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from embedding_features.graph import Graph
from embedding_features.methods import methods
from jobs.sections import Pretrain
from tests.paths import data_folder

FAMILIES = ("random walk", "proximity", "knowledge graph")
SMALL: dict[str, Any] = {
    "dim": 8,
    "epochs": 1,
    "walks_per_node": 1,
    "length": 10,
    "window": 2,
    "samples_per_node": 20,
    "hidden": 16,
    "steps": 1,
}
#: of dense matrices, or of rows as wide as there are nodes: they get the smallest relation alone
DENSE = ("grarep", "netmf", "dngr", "sdne")
#: data set → relation → file, source type and column, destination type and column
DATA = {
    "retailrocket_mb": {
        "buy": ("interactions", "user", "user_id", "item", "item_id"),
        "cart": ("interactions", "user", "user_id", "item", "item_id"),
        "view": ("interactions", "user", "user_id", "item", "item_id"),
    },
    "lastfm_hetrec": {
        "listened": ("user_artists", "user", "user_id", "artist", "artist_id"),
        "friend": ("user_friends", "user", "src_user_id", "user", "dst_user_id"),
        "tagged": ("user_tagged_artists", "artist", "artist_id", "tag", "tag_id"),
    },
    "hin_amazon": {
        "rated": ("ratings", "user", "user_id", "item", "item_id"),
        "has_brand": ("item_brand", "item", "item_id", "brand", "brand_id"),
        "has_category": ("item_category", "item", "item_id", "category", "category_id"),
    },
}
#: what joins nodes with features, for methods that learn from them
ATTRIBUTES = {
    "lastfm_hetrec": ("listened", ["tagged"]),
    "hin_amazon": ("rated", ["has_brand", "has_category"]),
}
SMALLEST = {"retailrocket_mb": "cart", "lastfm_hetrec": "friend", "hin_amazon": "has_brand"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real")


@cache
def graph(name: str, folder: Path) -> Graph:
    data = data_folder(name)
    relations = {}
    for relation, (file, src, src_column, dst, dst_column) in DATA[name].items():
        table = pq.read_table(data / f"{file}.parquet")
        if "behavior" in table.column_names:
            behaviour = pc.equal(table["behavior"].cast(pa.string()), relation)
            table = table.filter(pc.and_(behaviour, pc.equal(table["split"].cast(pa.string()), "train")))
        path = folder / f"{name}_{relation}.parquet"
        pq.write_table(table.select(list(dict.fromkeys((src_column, dst_column)))).slice(0, 5_000), path)
        relations[relation] = {
            "parquet": str(path),
            "src": {"type": src, "column": src_column},
            "dst": {"type": dst, "column": dst_column},
        }
    nodes = {t for _, src, _, dst, _ in DATA[name].values() for t in (src, dst)}
    schema = {"nodes": {t: {"id": "int64"} for t in sorted(nodes)}, "relations": relations}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(schema))
    return Graph.build(path, "2026-01-01T00:00:00Z")


def section(method: str, data: str) -> dict[str, Any]:
    """What a user writes, at a size that takes a second."""
    known = methods()[method].parameters
    params = {key: value for key, value in SMALL.items() if key in known}
    if "attributes" in known:
        params["relation"], params["attributes"] = ATTRIBUTES[data]
    elif "relation" in known:
        params["relation"] = next(iter(DATA[data]))
    elif method in DENSE:
        params["relations"] = [SMALLEST[data]]
    elif method == "pte":
        params["relations"] = [name for name, ends in DATA[data].items() if ends[1] != ends[3]]
    return {"method": method, "params": params}


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("method", [name for name, info in methods().items() if info.family in FAMILIES])
def test_it_runs_from_yaml(method: str, data: str, folder: Path) -> None:
    if method == "tadw" and data not in ATTRIBUTES:
        pytest.skip("tadw learns from features, and retailrocket_mb has none")
    written = yaml.safe_load(yaml.safe_dump(section(method, data)))
    found = Pretrain.model_validate(written).composition().fit(graph(data, folder), seed=0)
    assert found.tables
    for table in found.tables.values():
        assert np.isfinite(table.vectors).all()
