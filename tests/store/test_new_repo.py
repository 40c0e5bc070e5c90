"""A repository made where there is none."""

import pytest

from embedding_features.errors import StoreError
from embedding_features.store import ensure_repo, list_published, publish
from tests.store.builders import FEATURE_REPO, snapshot


def test_it_is_the_projects_own(tmp_path):
    assert ensure_repo(tmp_path / "a" / "repo")
    made = sorted(path.name for path in (tmp_path / "a" / "repo").iterdir())
    assert made == ["feature_store.yaml", "features.py"]
    for name in made:
        assert (tmp_path / "a" / "repo" / name).read_bytes() == (FEATURE_REPO / name).read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["repo"]


def test_what_is_there_is_left_alone(tmp_path):
    repo = tmp_path / "repo"
    ensure_repo(repo)
    (repo / "feature_store.yaml").write_text("project: mine\n")
    assert not ensure_repo(repo)
    assert (repo / "feature_store.yaml").read_text() == "project: mine\n"


def test_an_empty_folder_becomes_one_and_any_other_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    assert ensure_repo(tmp_path / "empty")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    with pytest.raises(StoreError, match="not empty"):
        ensure_repo(tmp_path / "full")


def test_snapshots_can_be_published_into_it(tmp_path):
    ensure_repo(tmp_path / "repo")
    run = publish(snapshot(tmp_path / "runs", 0), tmp_path / "repo")
    assert [one.folder for one in list_published(tmp_path / "repo")] == [run.folder]
