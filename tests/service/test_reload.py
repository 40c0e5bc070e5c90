"""Another bundle takes the place of the one that serves, in one step; a broken one does not."""

import gc
import json
import shutil
import weakref
from pathlib import Path

import pytest

from embedding_features.store import materialize, publish
from ranking.bundle.record import RECORD, BundleRecord
from tests.service.running import Running
from tests.store.builders import DAY, ids_of, make_repo, snapshot

USERS, ITEMS = ids_of("user", 22).to_pylist(), ids_of("item", 33).to_pylist()
ASKED = {"user": USERS[0], "items": ITEMS[:5]}


@pytest.fixture
def link(world, tmp_path):
    """A link to a bundle, which a test may move."""
    path = tmp_path / "current"
    point(path, world.bundle("lightgbm"))
    return path


def point(link, folder):
    """Move the link, in one step."""
    fresh = link.with_name("fresh")
    fresh.symlink_to(folder)
    fresh.replace(link)


def digest_of(folder):
    return json.loads((Path(folder) / RECORD).read_text())["digest"]


def resealed(folder, **update):
    """Another record in a bundle, whole and true to itself."""
    record = BundleRecord.model_validate_json((folder / RECORD).read_bytes())
    (folder / RECORD).write_text(record.model_copy(update=update).sealed().model_dump_json())


def test_a_bundle_is_replaced(world, link):
    with Running(world, link) as running:
        before = running.post("/rank", ASKED).json()
        old = weakref.ref(running.service.bundle_holder.current)
        assert running.post("/reload").json()["changed"] is False
        point(link, world.bundle("wide_deep"))
        assert running.post("/rank", ASKED).json()["scores"] == before["scores"]
        told = running.post("/reload").json()
        digests = [digest_of(world.bundle(kind)) for kind in ("lightgbm", "wide_deep")]
        assert (told["before"], told["bundle"], told["changed"]) == (*digests, True)
        after = running.post("/rank", ASKED).json()
        assert [before["bundle"], after["bundle"]] == digests
        assert after["scores"] != before["scores"]
        assert running.get("/health").json()["ranker"] == "wide_deep"
        figures = running.get("/metrics").text
        assert f'bundle_info{{digest="{digests[1]}",ranker="wide_deep"}} 1.0' in figures
        assert digests[0] not in figures
        assert 'reloads_total{result="ok"} 1.0' in figures
        assert 'reloads_total{result="unchanged"} 1.0' in figures
        gc.collect()
        assert old() is None  # nothing keeps the old one


def broken(folder, how):
    """A bundle in a folder of its own that cannot be served."""
    if how == "gone":
        shutil.rmtree(folder)
    elif how == "no record":
        (folder / RECORD).unlink()
    elif how == "cut":
        (folder / RECORD).write_text((folder / RECORD).read_text()[:100])
    elif how == "altered":
        (folder / "weights" / "trees.json").write_text("{}")
    elif how == "lacks":
        (folder / "encoders" / "encoders.json").unlink()
    else:
        record = BundleRecord.model_validate_json((folder / RECORD).read_bytes())
        update = {"run_id": "someone-elses"} if how == "run" else {"version": 7}
        resealed(folder, pins=tuple(pin.model_copy(update=update) for pin in record.pins))


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("gone", "no bundle at the bundle"),
        ("no record", "no bundle at the bundle"),
        ("cut", "cannot be read"),
        ("altered", "is not the file that was written"),
        ("lacks", "the bundle lacks the file encoders/encoders.json"),
        ("run", "of run someone-elses"),
        ("version", "@v7"),
    ],
)
def test_a_broken_bundle_is_refused_and_the_old_one_serves_on(world, link, tmp_path, how, says):
    with Running(world, link) as running:
        before = running.post("/rank", ASKED).json()
        shutil.copytree(world.bundle("lightgbm"), tmp_path / "new")
        broken(tmp_path / "new", how)
        point(link, tmp_path / "new")
        running.secrets.append(str(tmp_path))
        answer = running.post("/reload")
        assert answer.status_code == 409
        assert says in answer.json()["error"]
        assert f"the bundle {before['bundle']} serves on" in answer.json()["error"]
        assert running.post("/rank", ASKED).json()["scores"] == before["scores"]
        assert 'reloads_total{result="refused"} 1.0' in running.get("/metrics").text
        point(link, world.bundle("wide_deep"))
        assert running.post("/reload").json()["changed"] is True


def test_a_bundle_whose_run_is_not_online_yet_is_refused(world, link, tmp_path):
    """Published and not materialized: nothing would be served of it, while the old one has all it needs."""
    repo = make_repo(tmp_path / "repo")
    first, second = (snapshot(tmp_path / "runs", day) for day in (0, 7))
    publish(first, repo, publish_delay=DAY)
    materialize(repo)
    shutil.copytree(world.bundle("lightgbm"), tmp_path / "old")
    record = BundleRecord.model_validate_json((tmp_path / "old" / RECORD).read_bytes())
    of_first = {"version": 1, "run_id": first.manifest.run_id}
    resealed(tmp_path / "old", pins=tuple(pin.model_copy(update=of_first) for pin in record.pins))
    point(link, tmp_path / "old")
    with Running(world, link, repo=repo) as running:
        assert running.post("/rank", ASKED).json()["found"]["user"] is True
        publish(second, repo, publish_delay=DAY)
        point(link, world.bundle("lightgbm"))
        answer = running.post("/reload")
        assert answer.status_code == 409
        assert "is not online at version 2" in answer.json()["error"]
        assert running.post("/rank", ASKED).json()["degraded"] is False
        materialize(repo)
        assert running.post("/reload").json()["changed"] is True
        told = running.post("/rank", ASKED).json()
        assert (told["degraded"], told["found"]["user"], told["bundle"]) == (False, True, record.digest)


def test_a_moved_link_is_noticed(world, link, tmp_path, monkeypatch):
    """And a bundle that was refused is not tried over and over."""
    with Running(world, link, poll_seconds=0.1) as running:
        holder = type(running.service.bundle_holder)
        stamp = holder._stamp
        point(link, world.bundle("wide_deep"))
        running.until(lambda: running.get("/health").json()["ranker"] == "wide_deep")
        (tmp_path / "nothing").mkdir()
        point(link, tmp_path / "nothing")
        refused = 'reloads_total{result="refused"} 1.0'
        running.until(lambda: refused in running.get("/metrics").text)
        looks = []
        monkeypatch.setattr(holder, "_stamp", lambda of: looks.append(of) or stamp(of))
        running.until(lambda: len(looks) > 3)
        figures = running.get("/metrics").text
        assert refused in figures
        assert running.post("/rank", ASKED).json()["bundle"] == digest_of(world.bundle("wide_deep"))
