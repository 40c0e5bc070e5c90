"""The planted world: what is planted is there, nothing comes before its birth, and a seed means one world."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import svds
from scipy.stats import chisquare
from sklearn.metrics import roc_auc_score

from embedding_features.config import load_config, parse_config
from embedding_features.datasets import (
    Domain,
    PlantedDomain,
    World,
    planted_domains,
    planted_impressions,
    planted_interactions,
    synthesize,
)
from embedding_features.datasets.clicks import BLOCK
from embedding_features.datasets.planted import Columns
from embedding_features.datasets.pool import Pool
from embedding_features.datasets.population import draw_friendships, draw_users
from embedding_features.errors import ConfigError, DataError
from embedding_features.progress import Advance

SMALL = World(
    users=60,
    interests=4,
    domains=(Domain(name="a", items=30, edges=500), Domain(name="b", items=12, edges=90)),
)


# ---- draws

entries = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=30
)


@settings(deadline=None)  # the first call compiles
@given(entries, st.lists(st.tuples(st.integers(0, 7), st.integers(0, 63)), min_size=1, max_size=20))
def test_pool_is_the_naive_draw(entries: list[tuple[int, int, int]], draws: list[tuple[int, int]]) -> None:
    """Whole weights and dyadic uniforms make both sums exact, so the members must be equal."""
    groups = sorted({g for g, _, _ in entries})
    rows = [(groups.index(g), born, weight) for g, born, weight in entries]
    rows += [(g, 0, 1) for g in range(len(groups))]
    group, born, weight = (np.array(column) for column in zip(*rows, strict=True))
    pool = Pool(group, born, weight.astype(float), np.arange(len(rows)) * 10)
    for at, (time, sixty_fourth) in itertools.product(range(len(groups)), draws):
        alive = sorted((b, i) for i, (g, b, _) in enumerate(rows) if g == at and b <= time)
        total = sum(rows[i][2] for _, i in alive)
        running, wanted = 0, total * sixty_fourth / 64
        for _, member in alive:
            running += rows[member][2]
            if running > wanted:
                break
        arguments = np.array([at]), np.array([time])
        assert pool.draw(*arguments, np.array([sixty_fourth / 64]))[0] == member * 10
        assert pool.total(*arguments)[0] == total


def test_pool_at_the_upper_end() -> None:
    """The largest uniform below 1 stays in its own group, even where the sum rounds up to the next one's."""
    group = np.repeat([0, 1, 2], 1_000)
    pool = Pool(group, np.zeros(3_000, dtype=np.int64), np.full(3_000, 0.1), np.arange(3_000))
    last = np.full(3, np.nextafter(1, 0))
    assert pool.draw(np.arange(3), np.zeros(3, dtype=np.int64), last).tolist() == [999, 1999, 2999]


# ---- the law of the clicks

LAWFUL = World(
    users=8,
    interests=3,
    concentration=0.2,
    noise=0.2,
    drift=0.9,
    cold_users=0.25,
    cold_items=0.3,
    cold_after=0.4,
    domains=(Domain(name="a", items=10, edges=120_000),),
)


def _probabilities(planted: PlantedDomain, user: np.ndarray, time: np.ndarray) -> np.ndarray:
    """[m, items] p(i | u, t), each by the formula with plain loops over items and interests."""
    world, items = planted.world, planted.items
    shares = items.dense(world.interests).astype(float)
    tau = (time / world.span_us)[:, None]
    start, end = planted.users.mixtures.astype(float)
    mixture = (1 - world.drift * tau) * start[user] + world.drift * tau * end[user]
    shown = np.where(items.born <= time[:, None], items.popularity, 0.0)
    shown /= shown.sum(axis=1, keepdims=True)
    lift = np.full(shown.shape, world.noise)
    for i in range(shown.shape[1]):
        for k in range(world.interests):
            lift[:, i] += (1 - world.noise) * mixture[:, k] * shares[i, k] / (shown @ shares[:, k])
    return shown * lift


def test_lift_is_the_formula() -> None:
    planted = planted_domains(LAWFUL)["a"]
    rng = np.random.default_rng(0)
    user, time = rng.integers(8, size=300), rng.integers(LAWFUL.span_us, size=300)
    probabilities = _probabilities(planted, user, time)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    item = rng.integers(10, size=300)
    born = planted.items.born[item] <= time
    shown = planted.items.popularity[item] / np.where(
        planted.items.born <= time[:, None], planted.items.popularity, 0
    ).sum(axis=1)
    expected = probabilities[np.arange(300), item] / shown
    found = planted.lift(user, item, time)
    np.testing.assert_allclose(found[born], expected[born], rtol=1e-5)


def test_clicks_follow_the_law() -> None:
    """Counts of (user, item, half of the time) against the sum of each click's probabilities."""

    def p_value(planted: PlantedDomain, law: PlantedDomain) -> float:
        clicks = next(planted.clicks())
        late = clicks.time > planted.world.span_us // 2
        cell = (late * 8 + clicks.user) * 10
        counts = np.bincount(cell + clicks.item, minlength=160)
        expected = np.zeros((16, 10))
        np.add.at(expected, cell // 10, _probabilities(law, clicks.user, clicks.time))
        expected = expected.ravel()
        assert not counts[expected == 0].any(), "an item was clicked on before it was born"
        big = expected > 5
        scaled = expected[big] * counts[big].sum() / expected[big].sum()
        return float(chisquare(counts[big], scaled).pvalue)

    planted = planted_domains(LAWFUL)["a"]
    assert p_value(planted, planted) > 1e-3
    for wrong in ({"noise": 0.15}, {"drift": 0.7}):
        law = planted_domains(LAWFUL.model_copy(update=wrong))["a"]
        assert p_value(planted, law) < 1e-6, f"the test cannot tell {wrong}"


def test_users_click_by_activity() -> None:
    world = World(
        users=20, interests=2, activity=0.8, cold_users=0, domains=(Domain(name="a", items=9, edges=50_000),)
    )
    planted = planted_domains(world)["a"]
    counts = np.bincount(next(planted.clicks()).user, minlength=20)
    activity = planted.users.activity
    assert sorted(activity) == pytest.approx(sorted((1 + np.arange(20)) ** -0.8))
    assert chisquare(counts, activity / activity.sum() * 50_000).pvalue > 1e-3


def test_weight_is_engagement() -> None:
    """Gamma's mean: ½ plus the share of the interest that led to the click, ½ where none did."""
    alone = World(users=4, interests=2, noise=1.0, domains=(Domain(name="a", items=4, edges=40_000),))
    assert next(planted_domains(alone)["a"].clicks()).weight.mean() == pytest.approx(0.5, abs=0.01)
    # one interest each, no drift: every click is led by an interest of share 1
    led = alone.model_copy(update={"noise": 0.0, "drift": 0.0, "concentration": 1e-3})
    weight = next(planted_domains(led)["a"].clicks()).weight
    assert weight.mean() == pytest.approx(1.5, abs=0.03)
    assert weight.std() / weight.mean() == pytest.approx(0.5, abs=0.02)


# ---- impressions


def test_impressions_of_all_clicks_hold_the_interactions() -> None:
    world = World(users=300, domains=(Domain(name="a", items=100, edges=5_000),))
    interactions, impressions = planted_interactions(world)["a"], planted_impressions(world)["a"]
    clicked = impressions["label"] == 1
    for column in ("user_id", "item_id", "timestamp"):
        np.testing.assert_array_equal(impressions[column][clicked], interactions[column])
    moments, sizes = np.unique(impressions["timestamp"], return_counts=True)
    np.testing.assert_array_equal(moments, np.unique(interactions["timestamp"]))
    assert sizes.max() == 5
    rows = np.stack([impressions[c] for c in ("timestamp", "user_id", "item_id", "label")], axis=1)
    both = np.intersect1d(
        *(rows[rows[:, 3] == label][:, :3].copy().view("i8,i8,i8").ravel() for label in (0, 1))
    )
    assert not len(both), "an item is both clicked and not"
    first = np.concatenate([[True], np.diff(impressions["timestamp"]) > 0])
    assert impressions["label"][first].mean() == pytest.approx(0.2, abs=0.03), (
        "its place gives the click away"
    )


def test_impressions_are_calibrated_and_rankable() -> None:
    """P(click) = lift / (lift + candidates), and the lift ranks well where popularity cannot."""
    world = World(users=500, popularity=0.4, domains=(Domain(name="a", items=1_000, edges=50_000),))
    planted = planted_domains(world)["a"]
    shown = planted.impressions(next(planted.clicks()), 0)
    lift = planted.lift(shown.user, shown.item, shown.time)
    expected = lift / (lift + world.candidates)
    edges = np.quantile(expected, np.linspace(0, 1, 11)[1:-1])
    part = np.searchsorted(edges, expected)
    for p in range(10):
        inside = part == p
        if inside.any():
            error = 4 * np.sqrt(0.25 / inside.sum())
            assert shown.label[inside].mean() == pytest.approx(expected[inside].mean(), abs=error)
    assert roc_auc_score(shown.label, lift) > 0.85
    assert roc_auc_score(shown.label, planted.items.popularity[shown.item]) == pytest.approx(0.5, abs=0.02)


def test_impressions_may_be_a_share_or_none() -> None:
    world = World(users=300, impressions=0.25, domains=(Domain(name="a", items=100, edges=8_000),))
    assert planted_impressions(world)["a"]["label"].sum() == pytest.approx(2_000, abs=150)
    none = world.model_copy(update={"candidates": 0})
    assert len(planted_impressions(none)["a"]["label"]) == 0
    np.testing.assert_array_equal(
        planted_interactions(none)["a"]["item_id"], planted_interactions(world)["a"]["item_id"]
    )


# ---- population


def test_nothing_before_its_birth() -> None:
    world = World(users=400, cold_users=0.3, cold_items=0.3, cold_after=0.5)
    users = draw_users(world)
    half = world.span_us * 0.5
    assert (users.born > 0).sum() == 120
    assert users.born[users.born > 0].min() >= half - 1
    for planted in planted_domains(world).values():
        born = planted.items.born
        assert (born > 0).sum() == round(0.3 * len(born))
        for clicks in planted.clicks():
            for drawn in (clicks, planted.impressions(clicks, 0)):
                assert (users.born[drawn.user] <= drawn.time).all()
                assert (born[drawn.item] <= drawn.time).all()
                assert (born[drawn.item] > 0).any(), "no cold item was ever seen"
                assert (users.born[drawn.user] > 0).any(), "no cold user was ever seen"
    one, other, time = draw_friendships(world, users)
    assert (np.maximum(users.born[one], users.born[other]) <= time).all()
    assert (time < world.span_us).all()


def test_friends_share_interests() -> None:
    world = World(users=5_000, interests=10, concentration=0.05, friends=10.0, homophily=0.7)
    users = draw_users(world)
    one, other, time = draw_friendships(world, users)
    assert (one < other).all()
    assert len(np.unique(one * 5_000 + other)) == len(one)
    assert (np.diff(time) >= 0).all()
    assert 2 * len(one) / world.users == pytest.approx(10, rel=0.03)
    main = users.mixtures[0].argmax(axis=1)
    by_chance = (np.bincount(main) ** 2).sum() / 5_000**2
    assert (main[one] == main[other]).mean() == pytest.approx(0.7 + 0.3 * by_chance, abs=0.02)
    alone = draw_friendships(world.model_copy(update={"friends": 0.0}), users)
    assert [len(column) for column in alone] == [0, 0, 0]


def test_attributes_tell_the_interest_up_to_noise() -> None:
    world = World(
        users=20_000, interests=8, attribute_noise=0.4, domains=(Domain(name="a", items=20_000, edges=1),)
    )
    planted = planted_domains(world)["a"]
    truth = 0.6 + 0.4 / 8
    main = planted.users.mixtures[0].argmax(axis=1)
    assert (planted.users.segment == main).mean() == pytest.approx(truth, abs=0.02)
    assert (planted.items.category == planted.items.interests[:, 0]).mean() == pytest.approx(truth, abs=0.02)


def test_domains_share_users() -> None:
    world = World(users=1_000)
    source, target = (set(c["user_id"]) for c in planted_interactions(world).values())
    assert len(target) <= 600
    assert len(target & source) / len(target) > 0.95


# ---- learning


def _recall(scores: np.ndarray, seen: np.ndarray, relevant: np.ndarray) -> float:
    users = np.flatnonzero(relevant.any(axis=1) & seen.any(axis=1))
    top = np.argsort(np.where(seen, -np.inf, scores)[users], axis=1)[:, -20:]
    hits = np.take_along_axis(relevant[users], top, axis=1).sum(axis=1)
    return float((hits / np.minimum(relevant[users].sum(axis=1), 20)).mean())


def _last_fifth(columns: Columns, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Who clicked on what in the first four fifths of time, and anew in the last."""
    cut = len(columns["user_id"]) * 4 // 5
    seen, relevant = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    seen[columns["user_id"][:cut] - 1, columns["item_id"][:cut] - 1] = True
    relevant[columns["user_id"][cut:] - 1, columns["item_id"][cut:] - 1] = True
    return seen, relevant & ~seen


def test_collaborative_filtering_beats_popularity() -> None:
    """A plain SVD doubles popularity's recall@20 on the source, and carries over to the sparse target."""
    world = World()
    tables = planted_interactions(world)
    seen, relevant = _last_fifth(tables["source"], (2_000, 1_000))
    degree = np.maximum(seen.sum(axis=0), 1) ** 0.4
    norm = sp.csr_matrix(seen / np.maximum(seen.sum(axis=1, keepdims=True), 1) ** 0.5 / degree)
    u, s, v = svds(norm, k=16, random_state=0)
    popularity = _recall(np.tile(seen.sum(axis=0), (2_000, 1)), seen, relevant)
    learned = _recall((u * s) @ (v * degree), seen, relevant)
    assert learned > 2 * popularity > 0.1

    seen, relevant = _last_fifth(tables["target"], (2_000, 500))
    users = u * s
    users /= np.maximum(np.linalg.norm(users, axis=1, keepdims=True), 1e-9)
    degree = np.maximum(seen.sum(axis=0), 1) ** 0.5
    ridge = np.linalg.solve(users.T @ users + 5 * np.eye(16), users.T @ (seen / degree))
    popularity = _recall(np.tile(seen.sum(axis=0), (2_000, 1)), seen, relevant)
    assert _recall(users @ ridge * degree, seen, relevant) > 1.5 * popularity


# ---- files


def test_files_hold_what_memory_holds(tmp_path: Path) -> None:
    out = synthesize(SMALL, tmp_path / "world")
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()) == [
        "friendships.parquet", "impressions_a.parquet", "impressions_b.parquet", "interactions_a.parquet",
        "interactions_b.parquet", "items_a.parquet", "items_b.parquet", "truth/items_a.parquet",
        "truth/items_b.parquet", "truth/users.parquet", "users.parquet", "world.json",
    ]  # fmt: skip
    in_memory = {"interactions": planted_interactions(SMALL), "impressions": planted_impressions(SMALL)}
    for kind, domains in in_memory.items():
        for name, columns in domains.items():
            table = pq.read_table(out / f"{kind}_{name}.parquet")
            assert table.column_names == list(columns)
            assert str(table.schema.field("timestamp").type) == "timestamp[us, tz=UTC]"
            for column, values in columns.items():
                stored = table[column].cast("int64") if column == "timestamp" else table[column]
                assert stored.type == values.dtype.name
                np.testing.assert_array_equal(stored.to_numpy(), values)
    card = json.loads((out / "world.json").read_text())
    assert World.model_validate(card["world"]) == SMALL
    for name, rows in card["rows"].items():
        assert pq.read_metadata(out / f"{name}.parquet").num_rows == rows
    assert card["rows"]["interactions_a"] == 500


def test_truth_and_population_files(tmp_path: Path) -> None:
    out = synthesize(SMALL, tmp_path / "world")
    planted = planted_domains(SMALL)["b"]
    truth = pq.read_table(out / "truth/users.parquet")
    assert truth["user_id"].to_pylist() == list(range(1, 61))
    for column, mixture in zip(("interests_start", "interests_end"), planted.users.mixtures, strict=True):
        np.testing.assert_array_equal(np.array(truth[column].to_pylist(), dtype=np.float32), mixture)
        np.testing.assert_allclose(mixture.sum(axis=1), 1, rtol=1e-5)
    items = pq.read_table(out / "truth/items_b.parquet")
    np.testing.assert_array_equal(
        np.array(items["interests"].to_pylist(), dtype=np.float32), planted.items.dense(4)
    )
    np.testing.assert_array_equal(items["popularity"].to_numpy(), planted.items.popularity)
    users = pq.read_table(out / "users.parquet")
    np.testing.assert_array_equal(
        users["joined"].cast("int64").to_numpy() - SMALL.start_us, planted.users.born
    )
    released = pq.read_table(out / "items_b.parquet")["released"].cast("int64").to_numpy()
    np.testing.assert_array_equal(released - SMALL.start_us, planted.items.born)
    friends = pq.read_table(out / "friendships.parquet")
    one, other, time = draw_friendships(SMALL, planted.users)
    np.testing.assert_array_equal(friends["user_id"].to_numpy() - 1, one)
    np.testing.assert_array_equal(friends["friend_id"].to_numpy() - 1, other)
    np.testing.assert_array_equal(friends["timestamp"].cast("int64").to_numpy() - SMALL.start_us, time)


def test_blocks_join_without_a_seam(tmp_path: Path) -> None:
    """Over more than one block: one row group each, time never goes back and stays in its range."""
    world = World(users=50, candidates=0, domains=(Domain(name="a", items=20, edges=BLOCK + 1_000),))
    out = synthesize(world, tmp_path / "world")
    assert not (out / "impressions_a.parquet").exists()
    file = pq.ParquetFile(out / "interactions_a.parquet")
    assert [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)] == [BLOCK, 1_000]
    time = file.read(["timestamp"])["timestamp"].cast("int64").to_numpy() - world.start_us
    assert (np.diff(time) >= 0).all()
    assert time[0] >= 0
    assert time[-1] < world.span_us
    np.testing.assert_allclose(np.histogram(time, 10, (0, world.span_us))[0], len(time) / 10, atol=2)


def test_a_seed_means_one_world(tmp_path: Path) -> None:
    first, again = (synthesize(SMALL, tmp_path / name) for name in ("one", "two"))
    for path in first.rglob("*.parquet"):
        assert path.read_bytes() == (again / path.relative_to(first)).read_bytes()
    other = planted_interactions(SMALL.model_copy(update={"seed": 1}))["a"]
    assert (other["item_id"] != planted_interactions(SMALL)["a"]["item_id"]).any()
    alone = planted_interactions(SMALL.model_copy(update={"domains": SMALL.domains[:1]}))["a"]
    for column, values in planted_interactions(SMALL)["a"].items():
        np.testing.assert_array_equal(alone[column], values)


class _KilledError(Exception):
    pass


class _KillAfter:
    """A progress that stops the work at its first report."""

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Advance]:
        def advance(steps: int = 1, status: str = "") -> None:
            raise _KilledError

        yield advance


def test_stopped_half_way_leaves_nothing_and_resumes(tmp_path: Path) -> None:
    with pytest.raises(_KilledError):
        synthesize(SMALL, tmp_path / "world", _KillAfter())
    assert not (tmp_path / "world").exists()
    assert not list((tmp_path / ".staging").iterdir())
    assert (synthesize(SMALL, tmp_path / "world") / "world.json").is_file()


def test_target_that_is_there(tmp_path: Path) -> None:
    out = synthesize(SMALL, tmp_path / "world")
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    assert synthesize(SMALL, out, _KillAfter()) == out
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*")} == before
    with pytest.raises(DataError, match="another world; it differs in seed, drift"):
        synthesize(SMALL.model_copy(update={"seed": 9, "drift": 0.1}), out)
    pq.write_table(pq.read_table(out / "users.parquet").slice(1), out / "users.parquet")
    with pytest.raises(DataError, match="has 59 rows, not 60"):
        synthesize(SMALL, out)
    (out / "users.parquet").unlink()
    with pytest.raises(DataError, match=r"has lost users\.parquet"):
        synthesize(SMALL, out)
    (tmp_path / "mine").mkdir()
    with pytest.raises(DataError, match="holds no planted world"):
        synthesize(SMALL, tmp_path / "mine")


# ---- settings


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"interests": 40, "domains": [{"name": "a", "items": 41, "edges": 9}]}, "37 items from the start"),
        ({"domains": [{"name": "a", "items": 99, "edges": 9}] * 2}, "different names"),
        ({"domains": [{"name": "a/b", "items": 99, "edges": 9}]}, "domains.0.name"),
        ({"domains": [{"name": "a", "items": 99, "edges": 9, "users": 0.1}]}, "no user from the start"),
        ({"start": "2026-01-01T00:00:00"}, "timezone"),
        ({"noise": 1.5}, "noise"),
        ({"seeds": 1}, "seeds"),
    ],
)
def test_bad_settings(data: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(data, World, "world.yaml")


def test_world_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text("seed: 3\nstart: 2026-11-01T00:00:00Z\ndomains: [{name: shop, items: 50, edges: 10}]\n")
    world = load_config(path, World)
    assert (world.seed, world.domains[0].name, world.start_us) == (3, "shop", 1_793_491_200_000_000)
