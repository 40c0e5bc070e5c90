"""What keeps the service from starting is named, with its exit code, and without a traceback."""

import json

import pytest

from jobs.cli import run


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"--bundle": "nowhere"}, 2, "no bundle at"),
        ({"--repo": "nowhere"}, 6, "feature_store.yaml"),
        ({"--config": "nowhere.yaml"}, 2, "nowhere.yaml"),
        ({"--host": "192.0.2.1"}, 2, "cannot listen at 192.0.2.1"),
        ({"--config": None}, 2, "no token in $EMBEDDING_FEATURES_TOKENS"),
    ],
)
def test_what_cannot_be_served_is_named(world, tmp_path, monkeypatch, capsys, change, code, says):
    monkeypatch.delenv("EMBEDDING_FEATURES_TOKENS", raising=False)
    monkeypatch.setattr("jobs.steps.serve.set_up_logs", lambda: None)
    (tmp_path / "service.yaml").write_text("auth: {kind: none}\n")
    options = {
        "--bundle": world.bundle("lightgbm"), "--repo": world.repo, "--config": tmp_path / "service.yaml",
        "--port": 0,
    } | change  # fmt: skip
    given = [str(part) for pair in options.items() if pair[1] is not None for part in pair]
    assert run(["serve", *given, "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert says in told["error"]
    assert told["exit_code"] == code
