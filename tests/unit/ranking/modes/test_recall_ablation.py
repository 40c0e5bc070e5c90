"""Mixes of candidates compared: by hand, against plain loops, and with a planted better mix."""

import numpy as np
import pyarrow as pa
import pytest

from embedding_features.errors import ConfigError, DataError
from ranking.ablation.bootstrap import holm, user_draws, user_stretch
from ranking.ablation.config import AblationConfig
from ranking.modes import log_sources
from ranking.modes.merge import Candidates
from ranking.modes.recall import RecallStage
from ranking.modes.recall_ablation import judge_mixes, mixes_of
from ranking.modes.requests import Requests, requests_at
from tests.ranking_data import label_table, moment, random_log

CONFIG = AblationConfig(replicates=2000, min_users=2)


def lists(values) -> pa.ListArray:
    return pa.array(values, pa.list_(pa.int64()))


def asked(wanted: dict, hours: float = 0) -> Requests:
    """Requests of user → wanted items; nobody met anything before."""
    past = label_table([], [], [], [])
    nothing = lists([[]] * len(wanted))
    return Requests(moment(hours), pa.array(list(wanted)), nothing, lists(list(wanted.values())), past)


def ranked(*of_requests) -> tuple[Candidates, np.ndarray]:
    """Candidates of each request, and scores that rank them as they stand."""
    scores = [1 - place / 100 for items in of_requests for place in range(len(items))]
    return Candidates(lists(of_requests), {}), np.array(scores, np.float32)


def given(*moments) -> tuple[list[Candidates], list[np.ndarray]]:
    """A mix of :func:`ranked` moments."""
    candidates, scores = zip(*moments, strict=True)
    return list(candidates), list(scores)


# user 1 asks at two moments, user 2 at one
ASKED = [asked({1: [11, 12], 2: [15]}), asked({1: [13]}, 5)]
POPULAR = given(ranked([19, 11, 12], [15]), ranked([18, 17]))
BETTER = given(ranked([11, 12], [16, 15]), ranked([13]))
SECOND = 1 / np.log2(3)


def interval(replicates, value: float, requests_of_users: list[int], seed: int) -> tuple[float, float]:
    """The 95 % interval of replicates, their distance from the figure stretched for few users."""
    requests = np.array(requests_of_users)
    effective = requests.sum() ** 2 / (requests**2).sum()
    stretched = value + (replicates - value) * user_stretch(effective, len(replicates), seed)
    low, high = np.quantile(stretched, [0.025, 0.975])
    return float(low), float(high)


def test_by_hand():
    """Recall@2 of the requests is .5, 1, 0 and 1, 1, 1: user 2 makes no difference, user 1 one of .75."""
    cells = judge_mixes(ASKED, {"popular": POPULAR, "popular + interest": BETTER}, 2, CONFIG)
    assert [(cell.mix, cell.metric) for cell in cells] == [
        ("popular", "recall@2"),
        ("popular", "ndcg@2"),
        ("popular + interest", "recall@2"),
        ("popular + interest", "ndcg@2"),
    ]
    assert [cell.candidates for cell in cells] == pytest.approx([2 / 3, 2 / 3, 1, 1])
    ndcg = (SECOND / (1 + SECOND) + 1) / 3, (1 + SECOND + 1) / 3
    assert [cell.figure.value for cell in cells] == pytest.approx([0.5, ndcg[0], 1, ndcg[1]])
    assert [cell.verdict for cell in cells] == [None, None, "no difference", "no difference"]
    assert cells[0].difference is None
    assert cells[0].p_corrected is None
    changes = [cell.difference for cell in cells[2:]]
    assert [change.value for change in changes] == pytest.approx([0.5, ndcg[1] - ndcg[0]])
    of_users = [(0.75, 0), ((2 - SECOND / (1 + SECOND)) / 2, SECOND - 1)]
    for change, (first, second) in zip(changes, of_users, strict=True):
        drawn = np.concatenate(list(user_draws(2, 2000, 0)), axis=1)[1]
        replicates = np.choose(drawn.astype(int), [first, change.value, second])
        assert (change.low, change.high) == pytest.approx(interval(replicates, change.value, [2, 1], 0))
    assert [cell.p_corrected for cell in cells[2:]] == holm([change.p for change in changes])


def world(seed: int, users: int, moments: int) -> list[Requests]:
    """Some of the users ask at each moment for one to four of 30 items."""
    rng = np.random.default_rng([seed, 1])
    asking = [np.sort(rng.permutation(users)[: users * 3 // 4]).tolist() for _ in range(moments)]
    return [
        asked({user: rng.permutation(30)[: rng.integers(1, 5)].tolist() for user in of_moment}, hours)
        for hours, of_moment in enumerate(asking)
    ]


def mix(requests: list[Requests], chance: float, seed: int) -> tuple[list[Candidates], list[np.ndarray]]:
    """Eight or fewer candidates a request: each wanted item with a chance, then others; in random order."""
    rng = np.random.default_rng([seed, 2])
    moments = []
    for of_moment in requests:
        rows = []
        for wanted in of_moment.wanted.to_pylist():
            found = [item for item in wanted if rng.random() < chance]
            others = [item for item in rng.permutation(30).tolist() if item not in wanted]
            rows.append(rng.permutation(found + others[: rng.integers(0, 8 - len(found))]).tolist())
        scores = rng.random(sum(map(len, rows))).astype(np.float32)
        moments.append((Candidates(lists(rows), {}), scores))
    return given(*moments)


def naive(requests, candidates, scores, k) -> list[tuple[int, float, float, float]]:
    """(user, recall, NDCG, coverage) of each request by a plain loop."""
    rows = []
    for of_moment, made, score in zip(requests, candidates, scores, strict=True):
        start = 0
        for user, wanted, items in zip(
            of_moment.users.to_pylist(), of_moment.wanted.to_pylist(), made.items.to_pylist(), strict=True
        ):
            own = score[start : start + len(items)]
            start += len(items)
            best = [items[place] for place in np.argsort(-own, kind="stable")]
            found = [item in wanted for item in best[:k]]
            gain = sum(1 / np.log2(place + 2) for place, hit in enumerate(found) if hit)
            ideal = sum(1 / np.log2(place + 2) for place in range(min(k, len(wanted))))
            coverage = sum(item in wanted for item in items) / len(wanted)
            rows.append((user, sum(found) / len(wanted), gain / ideal, coverage))
    return rows


@pytest.mark.parametrize("seed", range(3))
def test_against_a_loop_over_requests(seed):
    requests = world(seed, 12, 3)
    mixes = {"a": mix(requests, 0.5, seed), "b": mix(requests, 0.7, seed + 50)}
    config = AblationConfig(replicates=300, min_users=2, seed=seed)
    cells = {(cell.mix, cell.metric): cell for cell in judge_mixes(requests, mixes, 3, config)}
    rows = {name: naive(requests, *made, 3) for name, made in mixes.items()}
    users = list(dict.fromkeys(row[0] for row in rows["a"]))
    counts = [sum(row[0] == user for row in rows["a"]) for user in users]
    draws = np.concatenate(list(user_draws(len(users), 300, seed)), axis=1)
    for place, metric in ((1, "recall@3"), (2, "ndcg@3")):
        replicates = {
            name: np.array(
                [
                    sum(draw[users.index(row[0])] * row[place] for row in of_mix)
                    / sum(draw[users.index(row[0])] for row in of_mix)
                    for draw in draws.T
                ]
            )
            for name, of_mix in rows.items()
        }
        for name, of_mix in rows.items():
            cell = cells[name, metric]
            assert cell.candidates == pytest.approx(np.mean([row[3] for row in of_mix]))
            assert cell.figure.value == pytest.approx(np.mean([row[place] for row in of_mix]))
            expected = interval(replicates[name], cell.figure.value, counts, seed)
            assert (cell.figure.low, cell.figure.high) == pytest.approx(expected)
        change = cells["b", metric].difference
        expected = interval(replicates["b"] - replicates["a"], change.value, counts, seed)
        assert (change.low, change.high) == pytest.approx(expected)


def test_planted_mixes_are_told_apart():
    """Five, eight and two in ten of the wanted items are found; the ranker is blind, so nearly all of the
    few candidates are in the first five."""
    requests = world(0, 80, 2)
    mixes = {name: mix(requests, chance, place) for place, (name, chance) in enumerate(
        {"popular": 0.5, "more": 0.8, "fewer": 0.2}.items()
    )}  # fmt: skip
    cells = {(cell.mix, cell.metric): cell for cell in judge_mixes(requests, mixes, 5, CONFIG)}
    for metric in ("recall@5", "ndcg@5"):
        assert cells["more", metric].verdict == "better"
        assert cells["fewer", metric].verdict == "worse"
    assert cells["popular", "recall@5"].candidates == pytest.approx(0.5, abs=0.06)
    assert cells["more", "recall@5"].candidates == pytest.approx(0.8, abs=0.06)
    raw = [cell.difference.p for cell in cells.values() if cell.difference]
    assert [cell.p_corrected for cell in cells.values() if cell.difference] == holm(raw)
    assert len(raw) == 4


def test_identical_mixes_are_no_difference():
    requests = world(1, 30, 2)
    same = mix(requests, 0.5, 0)
    for cell in judge_mixes(requests, {"a": same, "b": same}, 5, CONFIG)[2:]:
        assert (cell.difference.value, cell.difference.low, cell.difference.high) == (0, 0, 0)
        assert cell.difference.p == cell.p_corrected == 1
        assert cell.verdict == "no difference"


def test_requests_of_a_user_are_drawn_together():
    """What happens at one moment, happening at four, tells no more of users: no interval gets narrower."""
    requests = world(2, 40, 1)
    one, two = mix(requests, 0.5, 1), mix(requests, 0.6, 2)
    once = judge_mixes(requests, {"a": one, "b": two}, 5, CONFIG)
    four = {name: (of_mix[0] * 4, of_mix[1] * 4) for name, of_mix in (("a", one), ("b", two))}
    again = judge_mixes(requests * 4, four, 5, CONFIG)
    for before, after in zip(once, again, strict=True):
        assert after.figure.model_dump() == pytest.approx(before.figure.model_dump())
        if before.difference:
            assert after.difference.model_dump() == pytest.approx(before.difference.model_dump())


def of_users(requests: Requests, rows: np.ndarray) -> Requests:
    """The requests of some of the users."""
    users, seen, wanted = (
        part.filter(pa.array(rows)) for part in (requests.users, requests.seen, requests.wanted)
    )
    return Requests(requests.moment, users, seen, wanted, requests.past)


def of_lists(candidates: Candidates, score: np.ndarray, rows: np.ndarray) -> tuple[Candidates, np.ndarray]:
    """The candidates of some of the requests, and their scores."""
    return Candidates(candidates.items.filter(pa.array(rows)), {}), score[rows[candidates.request]]


def test_slices_are_comparisons_of_their_requests():
    """A slice's figures are those of its requests alone; requests that all are in it change nothing."""
    requests = world(3, 40, 2)
    mixes = {"a": mix(requests, 0.5, 3), "b": mix(requests, 0.7, 4)}
    rows = [np.random.default_rng([3, place]).random(len(one)) < 0.6 for place, one in enumerate(requests)]
    every = [np.ones(len(one), bool) for one in requests]
    config = AblationConfig(replicates=300, slice_replicates=300, min_users=20)
    cells = judge_mixes(requests, mixes, 3, config, {"some": rows, "all": every})
    alone = judge_mixes(
        [of_users(*one) for one in zip(requests, rows, strict=True)],
        {
            name: given(*(of_lists(*one) for one in zip(*made, rows, strict=True)))
            for name, made in mixes.items()
        },
        3,
        config,
    )
    for cell, part in zip(cells, alone, strict=True):
        assert cell.slices["some"].figure == part.figure != cell.figure
        assert cell.slices["some"].difference == part.difference
        assert cell.slices["all"].figure == cell.figure
        assert cell.slices["all"].difference == cell.difference


def test_a_slice_of_few_users_has_no_figure():
    few = {"few": [np.array([True, False]), np.array([True])]}
    for cell in judge_mixes(ASKED, {"a": POPULAR, "b": BETTER}, 2, CONFIG, few):
        assert cell.slices["few"].note == "too few users"
        assert cell.slices["few"].figure is None


def test_what_cannot_be_compared_is_refused():
    both = {"a": POPULAR, "b": BETTER}
    with pytest.raises(ConfigError, match="at least one other"):
        judge_mixes(ASKED, {"a": POPULAR}, 2, CONFIG)
    with pytest.raises(ConfigError, match="100 replicates cannot reach") as raised:
        judge_mixes(ASKED, {**both, "c": BETTER}, 2, AblationConfig(replicates=100, min_users=2))
    assert "at least 160" in raised.value.fix
    judge_mixes(ASKED, {**both, "c": BETTER}, 2, AblationConfig(replicates=160, min_users=2))
    with pytest.raises(DataError, match="2 users, fewer than min_users = 20"):
        judge_mixes(ASKED, both, 2, AblationConfig())
    with pytest.raises(DataError, match="score every candidate"):
        judge_mixes(ASKED, {"a": POPULAR, "b": (BETTER[0], POPULAR[1])}, 2, CONFIG)
    with pytest.raises(DataError, match="of the same moments"):
        judge_mixes(ASKED, {"a": POPULAR, "b": (BETTER[0][:1], BETTER[1][:1])}, 2, CONFIG)
    with pytest.raises(DataError, match="0 moments"):
        judge_mixes([], {"a": ([], []), "b": ([], [])}, 2, CONFIG)


STAGE = RecallStage(
    candidates=100, quotas={"interest": 80, "item_knn": 30, "popular": 20, "item2item": 10}, last=3
)


def test_mixes_by_hand():
    """The baseline is of the log; each source of vectors is added alone, then all are; quotas make 140."""
    mixes = mixes_of(STAGE)
    assert {name: made.quotas for name, made in mixes.items()} == {
        "item_knn + popular": {"item_knn": 84, "popular": 56},
        "item_knn + popular + interest": {"interest": 86, "item_knn": 32, "popular": 22},
        "item_knn + popular + item2item": {"item_knn": 70, "popular": 46, "item2item": 24},
        "item_knn + popular + interest + item2item": STAGE.quotas,
    }
    for made in mixes.values():
        assert made.model_copy(update={"quotas": STAGE.quotas}) == STAGE
    # in the stage's order, for that is the order of turns
    assert list(mixes["item_knn + popular + interest"].quotas) == ["interest", "item_knn", "popular"]
    assert list(mixes.values())[-1] == STAGE


def test_one_source_of_vectors_is_all_of_them():
    mixes = mixes_of(RecallStage(quotas={"interest": 7, "popular": 0}))
    assert {name: made.quotas for name, made in mixes.items()} == {
        "popular": {"popular": 0},
        "popular + interest": {"interest": 7, "popular": 0},
    }


@pytest.mark.parametrize("quotas", [{}, {"popular": 3, "item_knn": 3}, {"interest": 3}])
def test_a_stage_without_both_kinds_is_refused(quotas):
    with pytest.raises(ConfigError, match="cannot be compared"):
        mixes_of(RecallStage(quotas=quotas))


def test_item_knn_by_hand():
    """Item 1 is liked by 1, 2, 9; with it 1 and 2 liked item 2 (2/√6), 2 liked 3 (1/√6), 1 disliked 4. User 9
    has seen 5, which 1 liked; what came at the moment and later is not known."""
    log = label_table(
        [1, 1, 1, 1, 2, 2, 2, 3, 9, 9, 1, 9, 3],
        [1, 2, 5, 4, 1, 2, 3, 3, 1, 5, 6, 3, 2],
        [1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21, 22],
        [1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1],
    )
    requests = requests_at(log, moment(20), moment(30))
    assert requests.users.to_pylist() == [1, 3, 9]
    found = log_sources.item_knn(requests, 9, shrinkage=0)
    # user 1: 1 → 3 by 1/√6 and 2 → 3 by 1/2; user 3: 3 → 2 by 1/2, 3 → 1 by 1/√6
    assert found.to_pylist() == [[3], [2, 1], [2, 3]]
    assert log_sources.item_knn(requests, 1).to_pylist() == [[3], [2], [2]]
    assert log_sources.item_knn(requests, 9, neighbours=1).to_pylist() == [[], [2], [2]]


def test_item_knn_starts_from_the_last_likes():
    """User 9 liked 1 (with which goes 2), then 3 (with which goes 4)."""
    log = label_table(
        [1, 1, 2, 2, 9, 9, 9], [1, 2, 3, 4, 1, 3, 7], [1, 2, 3, 4, 5, 6, 20], [1, 1, 1, 1, 1, 1, 1]
    )
    requests = requests_at(log, moment(10), moment(30))
    assert log_sources.item_knn(requests, 9).to_pylist() == [[2, 4]]
    assert log_sources.item_knn(requests, 9, length=1).to_pylist() == [[4]]


def test_item_knn_of_a_log_without_likes_is_empty():
    log = label_table([1, 1, 2], [1, 2, 1], [1, 20, 20], [0, 1, 1])
    assert log_sources.item_knn(requests_at(log, moment(10), moment(30)), 9).to_pylist() == [[], []]


@pytest.mark.parametrize("seed", range(5))
def test_item_knn_is_the_naive_one(seed):
    users, items, hours, labels = log = random_log(seed, 90)
    requests = requests_at(label_table(*log), moment(20), moment(40))
    likes = [(u, i) for u, i, h, y in zip(users, items, hours, labels, strict=True) if h < 20 and y]
    fans = {i: {u for u, j in likes if j == i} for _, i in likes}
    found = log_sources.item_knn(requests, 4, length=3, shrinkage=2)
    for user, seen, best in zip(
        requests.users.to_pylist(), requests.seen.to_pylist(), found.to_pylist(), strict=True
    ):
        score = dict.fromkeys(set(fans) - set(seen), 0.0)
        for start in [i for u, i in likes if u == user][-3:]:
            for item in score:
                both = len(fans[start] & fans[item])
                size = (len(fans[start]) * len(fans[item])) ** 0.5
                score[item] += both / (both + 2) * both / size
        want = sorted((value for value in score.values() if value > 0), reverse=True)[:4]
        assert [score[item] for item in best] == pytest.approx(want)
