"""A Feast repository over each of our online stores, beside one over Feast's own store of the same kind."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, PushSource, RepoConfig, ValueType
from feast.types import Int64

from tests.store.snapshot_world import online_config

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)
HOUR = timedelta(hours=1)
US = pa.timestamp("us", tz="UTC")
USER = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)


class Repo:
    """One repository; its view ``v`` of users reads ``rows``, and is written by the push source ``new``."""

    def __init__(self, root, kind, redis=None, batch=None, project="p"):
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.path, self.ours = root, root / "rows.parquet", kind in ("snapshot", "redis")
        online = online_config(kind, root, redis)
        if kind == "feast redis":
            online = {"type": "redis", "connection_string": redis}
        engine = "embedding_features.store.engine.ArrowEngine" if self.ours else "local"
        self.settings = {
            "project": project,
            "provider": "local",
            "registry": str(root / "registry.db"),
            "offline_store": {"type": "duckdb"},
            "online_store": online,
            "batch_engine": {"type": engine},
            "materialization": {"online_write_batch_size": batch} if batch else {},
            "entity_key_serialization_version": 3,
            "repo_path": root,
        }
        self.reopen()

    def reopen(self):
        """As a fresh process would see it."""
        self.feast = FeatureStore(config=RepoConfig(**self.settings))
        self.online = self.feast._get_provider().online_store
        return self

    def put(self, at=NOW, created=False, **columns):
        """Rows of the source, all of one moment; ``user_id`` is 1, 2, 3 … unless given."""
        count = len(next(iter(columns.values())))
        columns = {
            "user_id": list(range(1, count + 1)),
            "event_timestamp": pa.array([at] * count, US),
            **columns,
        }
        if created:
            columns["created"] = columns["event_timestamp"]
        pq.write_table(pa.table(columns), self.path)

    def apply(self, *more, name="v", created=False, **types):
        """The view ``name`` with features of these types, and what more is given."""
        source = FileSource(
            name=f"source of {name}",
            path=str(self.path),
            timestamp_field="event_timestamp",
            created_timestamp_column="created" if created else "",
        )
        features = [f if isinstance(f, Field) else Field(name=n, dtype=f) for n, f in types.items()]
        view = FeatureView(
            name=name,
            entities=[USER],
            schema=[Field(name="user_id", dtype=Int64), *features],
            source=PushSource(name=f"new {name}", batch_source=source),
            ttl=timedelta(0),
        )
        self.feast.apply([USER, source, view, *more])
        self.view = self.feast.get_feature_view(name)
        return self

    def materialize(self, start=NOW - HOUR, end=NOW + HOUR):
        self.feast.materialize(start, end)

    def write(self, view="v", at=NOW, **columns):
        """Rows by ``write_to_online_store``."""
        self.feast.write_to_online_store(view, pd.DataFrame({"event_timestamp": at, **columns}))

    def get(self, features, ids=(1, 2, 3), view="v"):
        """feature → values, by ``get_online_features``."""
        refs = [f"{view}:{name}" for name in features]
        answer = self.feast.get_online_features(refs, [{"user_id": i} for i in ids]).to_dict()
        return {name: answer[name] for name in features}

    def arrays(self, features, ids=(1, 2, 3)):
        """feature → values, by our ``read_arrays``."""
        rows = self.online.read_arrays(self.feast.config, self.view, list(ids), features)
        return {name: values.tolist() for name, values in rows.arrays.items()}


def outcome(work, *repo):
    """What a call gives, or the type of its error."""
    try:
        return work(*repo)
    except Exception as error:
        return type(error)


@pytest.fixture(params=["snapshot", "redis"])
def beside(request, tmp_path):
    """``beside(**settings)``: (over Feast's store, over ours); sqlite, or Redis where it is installed."""
    kinds = {"snapshot": ("sqlite", "snapshot"), "redis": ("feast redis", "redis")}[request.param]
    redis = request.getfixturevalue("redis_address") if request.param == "redis" else None

    def make(**settings):
        return tuple(Repo(tmp_path / kind, kind, redis, **settings) for kind in kinds)

    return make
