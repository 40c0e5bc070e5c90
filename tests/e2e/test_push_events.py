"""``push-events``: a file of events comes online, once however often it is pushed."""

import json

import pyarrow as pa
import pyarrow.parquet as pq

from embedding_features.store import EmbeddingFeatures, publish
from jobs.cli import run
from tests.store.builders import T0, US, ids_of, make_repo, snapshot


def test_a_file_is_pushed_once_and_a_bad_one_is_named(tmp_path, capsys):
    repo, file = make_repo(tmp_path / "repo"), tmp_path / "events.parquet"
    (repo / "embedding_features.yaml").write_text("events: {user: {of: item, keep: 2}}\n")
    publish(snapshot(tmp_path / "runs"), repo)
    users, items = ids_of("user", 1), ids_of("item", 3)
    columns = {"user_id": users.take(pa.array([0, 0, 0])), "item_id": items, "value": [1.0, 0.0, 1.0]}
    pq.write_table(
        pa.table({**columns, "event_timestamp": pa.array([T0.replace(hour=h) for h in range(3)], US)}), file
    )
    command = ["push-events", "--repo", str(repo), "--node", "user", str(file), "--json"]
    capsys.readouterr()
    told = []
    for _ in range(2):
        assert run(command) == 0
        told.append(json.loads(capsys.readouterr().out))
    counts = [[row[name] for name in ("added", "repeated", "too_old")] for row in told]
    assert counts == [[2, 0, 1], [0, 2, 1]]
    with EmbeddingFeatures(repo) as client:
        assert client.events("user", users).node_ids.equals(items[1:])
    for path, code in ((tmp_path / "nowhere.parquet", 2), (repo / "features.py", 2)):
        assert run([*command[:-2], str(path), "--json"]) == code
        assert path.name in json.loads(capsys.readouterr().out)["error"]
    assert run([*command[:4], "item", *command[5:]]) == 6
    assert "no view item_events" in capsys.readouterr().out
