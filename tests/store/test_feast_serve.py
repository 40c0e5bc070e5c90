"""``feast serve`` over each online store answers what the array path does."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
import yaml

from tests.store.snapshot_world import make_ids, table

FEATURES = ("vector", "near", "name", "size")


@pytest.fixture
def serve(tmp_path):
    """Starts ``feast serve`` for a world's repository, and returns its address."""
    started = []

    def start(world):
        config = world.feast.config
        registry = config.registry.model_dump(exclude_unset=True)
        settings = {
            "project": config.project,
            "provider": "local",
            "registry": {name: registry[name] for name in ("path", "serve_features_while_materializing")},
            "offline_store": {"type": "duckdb"},
            "online_store": {
                **config.online_store.model_dump(),
                **(
                    {"path": str(config.repo_path / "online")} if hasattr(config.online_store, "path") else {}
                ),
            },
            "entity_key_serialization_version": 3,
        }
        repo = tmp_path / "serve"
        repo.mkdir()
        (repo / "feature_store.yaml").write_text(yaml.safe_dump(settings))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "feast.cli.cli",
            "-c",
            str(repo),
            "serve",
            "-p",
            str(port),
            "--no-access-log",
        ]
        with (repo / "log").open("wb") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=repo))
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=2).close()
                return address
            except (urllib.error.URLError, OSError):
                if time.monotonic() > until or started[-1].poll() is not None:
                    raise RuntimeError((repo / "log").read_text()) from None
                time.sleep(0.1)

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def ask(address, ids):
    body = {"features": [f"emb:{name}" for name in FEATURES], "entities": {"item_id": ids}}
    request = urllib.request.Request(
        f"{address}/get-online-features",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


@pytest.mark.slow
def test_feast_serve_answers_like_the_array_path(make_world, serve):
    """Across a push and a new snapshot, too, without a restart."""
    world, ids = make_world(), make_ids(5)
    world.put("a", table(ids[:3], 0))
    world.materialize()
    address = serve(world)
    world.push(table(ids[2:4], 1, seed=1))
    same(ask(address, ids), world.read(ids))
    world.write(table(ids[1:], 2, seed=2))
    same(ask(address, ids), world.read(ids))


def same(answer, rows):
    by_name = dict(zip(answer["metadata"]["feature_names"], answer["results"], strict=True))
    assert len(set(rows.found.tolist())) == 2
    for name in FEATURES:
        expected = [
            value if found else None
            for value, found in zip(rows.arrays[name].tolist(), rows.found.tolist(), strict=True)
        ]
        got = by_name[name]["values"]
        if name == "size":  # JSON has large integers as strings
            got = [None if value is None else int(value) for value in got]
        assert got == expected, name
        statuses = ["PRESENT" if found else "NOT_FOUND" for found in rows.found]
        assert by_name[name]["statuses"] == statuses
