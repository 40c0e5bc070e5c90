"""Every name that Feast takes: served and removed apart from all others, inside the store's folder."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from feast.types import Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.store.online_stores.names import folder_of, key_part
from tests.store.beside import HOUR, NOW, Repo
from tests.store.processes import ended, in_child
from tests.store.snapshot_world import make_ids, table

NAMES = [
    "User Stats", "user-stats", "utilisateurs_fidélisés", "_internal", "-dash", ".hidden", "..", "../../out",
    "/etc/x", "a/b", "a\\b", "50%", "%41", "%2e%2e", "naïve", "nai\u0308ve", "日本語", "a\nb", "quo'te\"",
    "{x}", "*?[a]", "CamelCase", "con", "trailing.", "trailing ", "😀", "x" * 300, "é" * 120, "É" * 120,
    "v_v1", "current.json",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_view_of_any_name_is_served_as_by_feast(beside, name):
    answers = []
    for repo in beside():
        repo.put(x=[10, 20])
        repo.apply(name=name, x=Int64).materialize()
        repo.write(name, user_id=[2], x=[21], at=NOW + HOUR)
        answers.append(repo.reopen().get(["x"], view=name))
        if repo.ours:
            assert repo.arrays(["x"])["x"][:2] == [10, 21]
            repo.feast.apply([], objects_to_delete=[repo.view], partial=False)
            assert repo.online.describe(repo.feast.config, repo.view) is None
    assert answers[0] == answers[1] == {"x": [10, 21, None]}


def test_names_alike_are_apart_and_removed_apart(beside):
    """Also those that differ by case, and a view that is named as another's version or key."""
    _, repo = beside()
    repo.put(x=[1])
    alike = ["User", "user", "USER", "user ", "%75ser", "u%73er", "user:", "user_v1", "üser", "u\u0308ser"]
    alike = [name for name in alike if ":" not in name]  # Feast refuses colons
    for number, name in enumerate(alike):
        repo.apply(name=name, x=Int64)
        repo.write(name, user_id=[1], x=[number])
    for number, name in enumerate(alike):
        assert repo.get(["x"], (1,), name)["x"] == [number]
    gone = repo.feast.get_feature_view("user")
    repo.online.update(repo.feast.config, [gone], [], [], [], partial=True)
    for number, name in enumerate(alike):
        if name != "user":
            assert repo.get(["x"], (1,), name)["x"] == [number]
    assert repo.online.describe(repo.feast.config, gone) is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), min_size=2, unique=True))
@settings(deadline=None)
def test_no_two_names_meet_and_none_leaves_the_folder(names):
    with TemporaryDirectory() as text:
        parent = Path(text)
        folders = [folder_of(parent, name) for name in names]
    assert len({str(folder).casefold() for folder in folders}) == len(names)
    assert len({key_part(name) for name in names}) == len(names)
    for folder in folders:
        assert folder.parent == parent
        assert folder.name.isascii()
        assert folder.name.isprintable()
        assert not folder.name.startswith(".")
        assert len(folder.name) <= 255
        assert not set(folder.name) & set('/\\:*?"<>| ')


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,150}", fullmatch=True))
@settings(deadline=None)
def test_folders_and_keys_of_plain_names_stay_what_they_were(name):
    with TemporaryDirectory() as text:
        parent = Path(text)
        (parent / name).mkdir()
        assert folder_of(parent, name) == parent / name
        assert key_part(name) == name
        assert folder_of(parent, name.swapcase()).name != name or name.swapcase() == name


def test_a_folder_of_a_name_with_capitals_from_before_is_read(tmp_path):
    repo = Repo(tmp_path, "snapshot", project="Shop")
    repo.put(x=[10, 20])
    repo.apply(name="UserStats", x=Int64).materialize()
    (folder,) = (tmp_path / "online").iterdir()
    (view,) = folder.iterdir()
    (version,) = view.iterdir()
    version.rename(view / "UserStats")
    view.rename(folder / "UserStats")
    folder.rename(tmp_path / "online" / "Shop")
    repo.reopen()
    assert repo.get(["x"], view="UserStats")["x"] == [10, 20, None]
    repo.write("UserStats", user_id=[3], x=[30])
    repo.feast.apply([repo.view])
    assert repo.reopen().get(["x"], view="UserStats")["x"] == [10, 20, 30]
    assert sorted(path.name for path in (tmp_path / "online").rglob("*") if path.is_dir()) == [
        "Shop", "UserStats", "UserStats"
    ]  # fmt: skip
    repo.online.teardown(repo.feast.config, [], [])
    assert not (tmp_path / "online" / "Shop").exists()


def test_versions_of_a_view_of_any_name(make_world):
    world, ids = make_world(versions=True), make_ids(2)
    view = world.view
    view.name, view.projection.name = "Ünïque View", "Ünïque View"
    world.feast.apply([view])
    for number in range(2):
        view.projection.version_tag = number
        world.online.update(world.feast.config, [], [view], [], [], partial=True)
        world.online.write_table(world.feast.config, view, table(ids, number, seed=number))
    for number in range(2):
        view.projection.version_tag = number
        found = world.online.read_arrays(world.feast.config, view, ids, ["name"])
        assert found.arrays["name"].to_pylist() == [f"name {number} {i}" for i in range(2)]
    world.online.update(world.feast.config, [view], [], [], [], partial=True)
    assert world.online.describe(world.feast.config, view) is None


def test_the_moment_of_a_row_is_kept_under_any_name(beside):
    _, repo = beside()
    repo.put(x=[1])
    repo.apply(name="Ä b", x=Int64).materialize()
    rows = repo.online.read_arrays(repo.feast.config, repo.view, [1])
    assert rows.event.tolist() == [int(NOW.timestamp()) * 1_000_000]
    assert ended(in_child(lambda: repo.reopen().get(["x"], view="Ä b"))) == 0
