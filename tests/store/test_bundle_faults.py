"""A bundle is refused beside a repository it does not fit, and when it is damaged, by name."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from embedding_features.artifact import Snapshot
from embedding_features.errors import BundleError, CompatibilityError, DataError
from embedding_features.store import list_published, publish_series
from ranking.bundle import check_pins, export_bundle, load_bundle
from ranking.models import FittedRanker
from ranking.testing.planted import of_groups
from tests.store.builders import DAY, make_repo, snapshot
from tests.store.bundle_world import RANKERS, export, make_bundles


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_bundles(tmp_path_factory.mktemp("bundles"))


def other(run, **update):
    """A published run with another manifest."""
    manifest = run.manifest
    if "space" in update:
        update["space"] = manifest.space.model_copy(update=update["space"])
    return replace(run, snapshot=Snapshot(run.folder, manifest.model_copy(update=update)))


def books(run, column, name):
    return [
        book.model_copy(update={"id": name}) if book.column == column else book
        for book in run.manifest.codebooks
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: other(r, space={"version": 2}), r"expected the space spectral\.s1 .* found spectral\.s2 "),
        (lambda r: other(r, space={"dim": 8}), r"dim 4, .* found .*dim 8.*different dim"),
        (lambda r: other(r, space={"metric": "l2"}), r"metric dot.*found.*metric l2.*different metric"),
        (
            lambda r: other(r, codebooks=books(r, "pq_tokens", "pq.7")),
            r"user pq_tokens: expected b\.spectral\.s1\.user\.pq_tokens, found pq\.7",
        ),
        (
            lambda r: other(r, codebooks=[]),
            r"user cluster_ids: expected b\.spectral.* found none",
        ),
        (
            lambda r: other(r, kinds=["vector", "clusters", "neighbours"]),
            r"_tokens@v2 of run .* lacks \['pq_tokens', 'rq_tokens'\]",
        ),
        (lambda r: other(r, run_id="someone-else"), "v2 is run someone-else"),
        (lambda r: replace(r, version=3), r"versions \[1, 3\]"),
        (lambda r: other(r, space={"family": "als"}), r"versions \[1\], of which v1 is run"),
    ],
)
def test_another_run_in_its_place_is_named(world, change, says):
    """Space version, dim, metric, codebook, view, run: both sides, and what to do."""
    first, newest = list_published(world.repo)
    bundle = load_bundle(world.bundle("lightgbm"))
    check_pins(bundle.pins, [first, newest])
    with pytest.raises(CompatibilityError, match=says) as raised:
        check_pins(bundle.pins, [first, change(newest)])
    assert raised.value.fix
    assert raised.value.exit_code == 5


def test_a_repository_of_another_space_is_refused_when_loading(world, tmp_path):
    repo = make_repo(tmp_path / "repo")
    with pytest.raises(CompatibilityError, match="has published no run of 'spectral'"):
        load_bundle(world.bundle("lightgbm"), repo)
    publish_series([snapshot(tmp_path / "runs", 7, space=2)], repo, publish_delay=DAY)
    with pytest.raises(CompatibilityError, match=r"spectral\.s1 .*found spectral\.s2 .*\n  fix: "):
        load_bundle(world.bundle("lightgbm"), repo)


@pytest.fixture
def copied(world, tmp_path) -> Path:
    shutil.copytree(world.bundle("wide_deep"), tmp_path / "bundle")
    return tmp_path / "bundle"


def test_every_file_is_checked(copied):
    """One bit of any file, or the file itself, and the bundle is refused by that file's name."""
    files = [path for path in sorted(copied.rglob("*")) if path.is_file()]
    assert {path.parent.name for path in files} == {"bundle", "encoders", "weights"}
    for path in files:
        whole = path.read_bytes()
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        with pytest.raises(BundleError, match=path.name):
            load_bundle(copied)
        path.unlink()
        with pytest.raises(BundleError, match=rf"lacks the file .*{path.name}|no bundle at"):
            load_bundle(copied)
        path.write_bytes(whole)
    load_bundle(copied)


def test_cut_json(copied):
    path = copied / "bundle.json"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BundleError, match=r"bundle\.json cannot be read"):
        load_bundle(copied)


def edit(folder, **update):
    path = folder / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | update))


@pytest.mark.parametrize(
    ("update", "says"),
    [
        ({"format": 2}, "is of format 2, this library reads format 1"),
        ({"metrics": {"auc": 0.99}}, "altered: its digest differs"),
        ({"pins": "none"}, "pins"),
        ({"files": {"../secret": "0"}}, "altered"),
    ],
)
def test_edited_json(copied, update, says):
    edit(copied, **update)
    with pytest.raises(BundleError, match=says):
        load_bundle(copied)


def test_files_outside_the_folder_are_not_looked_at(copied):
    record = load_bundle(copied).record
    sealed = record.model_copy(update={"files": {"../bundle.json": "0"}}).sealed()
    (copied / "bundle.json").write_text(sealed.model_dump_json())
    with pytest.raises(BundleError, match="outside its folder"):
        load_bundle(copied)


def test_a_killed_export_leaves_no_bundle(world, tmp_path, monkeypatch):
    def killed(self, folder):
        (folder / "half").write_text("a")
        raise KeyboardInterrupt

    monkeypatch.setattr(FittedRanker, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        export(world, RANKERS["lightgbm"], tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    with pytest.raises(BundleError, match=r"no bundle at .*bundle\.json is missing"):
        load_bundle(tmp_path / "bundle")


def test_what_does_not_belong_together_is_not_exported(world, tmp_path):
    runs = list_published(world.repo)
    with pytest.raises(CompatibilityError, match=r"vectors of dim 4, the newest run is .*dim 9"):
        export(world, RANKERS["lightgbm"], tmp_path / "b", published=[other(runs[-1], space={"dim": 9})])
    with pytest.raises(CompatibilityError, match=r"the ranker reads the views .*'spectral_item_clusters'"):
        export(world, RANKERS["lightgbm"], tmp_path / "b", published=[])
    train, validation = world.part("train"), world.part("validation")
    fitted = RANKERS["lightgbm"].fit(of_groups(train, "base"), of_groups(validation, "base"), 0)
    with pytest.raises(DataError, match="not of the fields the ranker was fitted on"):
        export_bundle(
            tmp_path / "b",
            fitted,
            world.dataset.encoders,
            published=runs,
            data_fingerprint="",
            metrics={},
        )
    assert not (tmp_path / "b").exists()
