"""A Feast repository of a user's own, whose features.py ends with the line of the how-to."""

import sys
import textwrap
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from click.testing import CliRunner
from feast.cli.cli import cli

from tests.store.builders import T0, US, make_repo

HEAD = """
from datetime import timedelta
from pathlib import Path
from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Float32, Int32, Int64, String
from feast.on_demand_feature_view import on_demand_feature_view
PATH = str(Path(__file__).parent / "data" / "stats.parquet")
SOURCE = FileSource(path=PATH, timestamp_field="event_timestamp")
"""
TAIL = """
from embedding_features.store.definitions import definitions
globals().update(definitions(Path(__file__).resolve().parent).named())
"""


def own_repo(
    path: Path, features: str, rows: Mapping[str, object], stock: bool = False, sql: bool = False, **registry
) -> Path:
    """A repository over our stores, or Feast's, with data/stats.parquet of ``rows``, all of T0.

    Args:
        sql: its registry lies in SQLite.
        registry: further settings of it.
    """
    repo = make_repo(path, stock)
    (repo / "data").mkdir()
    count = len(next(iter(rows.values())))
    pq.write_table(
        pa.table({**rows, "event_timestamp": pa.array([T0] * count, US)}), repo / "data/stats.parquet"
    )
    write_features(repo, features)
    if sql:
        use_sql(repo, **registry)
    return repo


def write_features(repo: Path, features: str, tail: str = TAIL) -> None:
    """Its features.py."""
    (repo / "features.py").write_text("\n".join([HEAD, textwrap.dedent(features), tail]))


def use_sql(repo: Path, **registry) -> None:
    """Let the registry of a repository lie in SQLite, at a path relative to the repository."""
    settings = yaml.safe_load((repo / "feature_store.yaml").read_text())
    settings["registry"] |= {"registry_type": "sql", "path": "sqlite:///data/registry.sqlite"} | registry
    (repo / "feature_store.yaml").write_text(yaml.safe_dump(settings))


def feast(repo: Path, *command: str):
    """Run a feast command in this process as a fresh one would; the result of click, its exception beside."""
    for path in repo.glob("*.py"):  # of another repository, or as it was before
        sys.modules.pop(path.stem, None)
    sys.path.insert(0, str(repo))
    try:
        with chdir(Path.cwd()):  # apply changes the folder
            return CliRunner().invoke(cli, ["-c", str(repo), *command])
    finally:
        sys.path[:] = [path for path in sys.path if path != str(repo)]
