"""A schema says what it means, or says what is wrong with it."""

from pathlib import Path

import pytest

from embedding_features.config import parse_config
from embedding_features.errors import ConfigError
from embedding_features.graph.schema import GraphSchema

YAML = """
nodes:
  user: {id: int64}
  item: {id: string}
relations:
  bought:
    parquet: orders/*.parquet
    src: {type: user, column: user_id}
    dst: {type: item, column: item_id}
    timestamp: ordered_at
    weight: quantity
    filter: status <> 'cancelled'
    duplicates: sum
"""


def _edited(tmp_path: Path, old: str, new: str) -> Path:
    assert old in YAML
    path = tmp_path / "graph.yaml"
    path.write_text(YAML.replace(old, new))
    return path


def test_load_reads_the_file_and_begins_paths_at_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(YAML)
    schema = GraphSchema.load(path)
    assert schema.folder == tmp_path.resolve()
    assert schema.relations["bought"].duplicates == "sum"
    path.write_text(YAML + "folder: logs\n")
    assert GraphSchema.load(path).folder == tmp_path.resolve() / "logs"


def test_duplicates_are_kept_by_default(tmp_path: Path) -> None:
    schema = GraphSchema.load(_edited(tmp_path, "    duplicates: sum\n", ""))
    assert schema.relations["bought"].duplicates == "keep"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("parquet: orders/*.parquet", "filter: 'true'", "exactly one of parquet, csv and sql"),
        ("parquet: orders/*.parquet", "{parquet: a, csv: b}", "YAML"),
        ("    parquet:", "    csv: x.csv\n    parquet:", "exactly one of parquet, csv and sql"),
        ("{type: item,", "{type: shop,", "'shop'; nodes are \\['item', 'user'\\]"),
        ("  user: {id: int64}", "  user: {id: float}", "'int64' or 'string'"),
        ("duplicates: sum", "duplicates: max", "'keep', 'sum' or 'last'"),
        ("    timestamp: ordered_at", "    timezone: UTC", "there is none"),
        ("weight: quantity", "wieght: quantity", "wieght"),
        ("  bought:", "  ../bought:", "'../bought' is not allowed"),
    ],
)
def test_what_breaks_the_schema_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        GraphSchema.load(_edited(tmp_path, old, new))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        GraphSchema.load(tmp_path / "nowhere.yaml")


def test_a_feature_table_keeps_at_least_one_column() -> None:
    data = {
        "nodes": {"user": {"id": "int64", "features": {"csv": "u.csv", "id": "user", "columns": []}}},
        "relations": {
            "knows": {
                "csv": "k.csv",
                "src": {"type": "user", "column": "a"},
                "dst": {"type": "user", "column": "b"},
            }
        },
    }
    with pytest.raises(ConfigError, match=r"nodes\.user\.features\.columns"):
        parse_config(data, GraphSchema, "here")
