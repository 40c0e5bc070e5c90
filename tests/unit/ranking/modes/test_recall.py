"""The recall mode by hand on a tiny world, and its parts against naive ones."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedding_features.artifact import write_snapshot
from embedding_features.errors import ConfigError, DataError
from embedding_features.fresh import FreshSeries
from embedding_features.fresh.regression import regress_likes
from embedding_features.recall import RecallIndex
from ranking.modes import event_sources, index_sources, log_sources
from ranking.modes.merge import Candidates, merge
from ranking.modes.recall import Indexes, RecallStage, recall_candidates
from ranking.modes.requests import Requests, requests_at
from ranking.modes.stages import evaluate_stages
from tests.ranking_data import label_table, moment, random_log
from tests.unit.derive.made_embeddings import embeddings, table

# user 1 met 10 and 11, user 2 met 10 and 99; 99 and 98 are in no snapshot, nor is user 3
LOG = label_table(
    [1, 1, 2, 2, 9, 9, 1, 1, 2, 3, 2],
    [10, 11, 10, 99, 12, 10, 12, 13, 10, 10, 98],
    [1, 2, 3, 4, 5, 6, 20, 21, 22, 23, 40],
    [1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1],
)
USERS = np.array([[1, 0], [0, 1], [1, 1]], np.float32)  # 1, 2, 9
ITEMS = np.array([[3, 0], [2, 2], [1, 0], [0, 4]], np.float32)  # 10 … 13


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    tables = {"user": table("user", USERS, [1, 2, 9]), "item": table("item", ITEMS, [10, 11, 12, 13])}
    fold_ins = {"user": {"own": regress_likes("item", ITEMS, USERS)}}
    fitted = replace(embeddings(tables, as_of=moment(9)), fold_ins=fold_ins)
    made = write_snapshot(fitted, tmp_path_factory.mktemp("runs"))
    domains = {10: "a", 11: "b", 12: "a", 13: "b"}
    users, items = RecallIndex.build(made, "user"), RecallIndex.build(made, "item", partitions=domains)
    return Indexes(users, items, FreshSeries.read([made], "user", ("fold_in", "medoids")))


@pytest.fixture
def requests():
    return requests_at(LOG, moment(10), moment(30))


def test_requests_are_of_users_who_take_to_something_new(requests):
    """User 2 liked 10 before; 98 is after the end."""
    assert requests.users.to_pylist() == [1, 3]
    assert requests.seen.to_pylist() == [[10, 11], []]
    assert requests.wanted.to_pylist() == [[12, 13], [10]]
    assert len(requests.past) == 6
    with pytest.raises(DataError, match="nobody takes to"):
        requests_at(LOG, moment(50), moment(60))


def test_the_moment_itself_is_not_past():
    at = requests_at(LOG, moment(20), moment(22))
    assert at.wanted.to_pylist() == [[12, 13]]
    assert len(at.past) == 6


def test_popular_by_hand(requests):
    """Likes before: 10 three times, 12 and 99 once; in the last five hours 12 and, of 6 h, 10."""
    assert log_sources.popular(requests, 9).to_pylist() == [[12, 99], [10, 12, 99]]
    assert log_sources.popular(requests, 1).to_pylist() == [[12], [10]]
    assert log_sources.popular(requests, 9, days=5 / 24).to_pylist() == [[12], [10, 12]]


def test_interest_by_hand(requests, indexes):
    """User 1 looks along x: 12 gives 1, 13 gives 0; user 3 is unknown."""
    found = index_sources.interest(requests, indexes.items, indexes.users, 5)
    assert found.to_pylist() == [[12, 13], []]


def best_of(query: np.ndarray, seen: int = -1) -> list[int]:
    """Items by their product with a query; those up to ``seen`` are left out."""
    return [10 + code for code in np.argsort(-(ITEMS @ query), kind="stable") if code > seen]


def folded(*liked: int) -> np.ndarray:
    """The vector of somebody who liked some items."""
    one = regress_likes("item", ITEMS, USERS)
    precision, linear = one.prior_precision, one.prior_precision @ one.prior_mean[0]
    for item in ITEMS[list(liked)]:
        precision, linear = precision + np.outer(item, item), linear + item
    return np.linalg.solve(precision, linear)


@pytest.mark.parametrize("mean_user", [0.0, 0.25, 40.0])
def test_fresh_vectors_find_items_for_users_that_no_snapshot_knows(requests, indexes, mean_user):
    """User 1 liked 10 (and not 11); user 3 has no event, and so the mean of all users."""
    found = event_sources.fresh_interest(
        requests, indexes.items, indexes.users, indexes.fresh, 5, mean_user=mean_user
    ).to_pylist()
    mean = USERS.mean(axis=0)
    assert found == [best_of(folded(0) + mean_user * mean, seen=1), best_of(mean)]


@pytest.mark.parametrize(("length", "nearest"), [(1, [11, 10]), (2, [10, 11])])
def test_fresh_vectors_are_of_the_latest_events(indexes, length, nearest):
    """User 4 liked 13, then 12."""
    log = label_table([4, 4, 4], [13, 12, 11], [1, 2, 20], [1, 1, 1])
    requests = requests_at(log, moment(10), moment(30))
    found = event_sources.fresh_interest(
        requests, indexes.items, indexes.users, indexes.fresh, 5, length, mean_user=0
    )
    liked = (3, 2)[-length:]
    assert found.to_pylist() == [[item for item in best_of(folded(*liked)) if item < 12]] == [nearest]


def test_users_none_of_whom_has_an_event_get_the_mean_users_candidates(indexes):
    log = label_table([9, 3, 5], [10, 10, 12], [1, 20, 21], [1, 1, 1])
    requests = requests_at(log, moment(10), moment(30))
    found = event_sources.fresh_interest(requests, indexes.items, indexes.users, indexes.fresh, 5)
    assert found.to_pylist() == [best_of(USERS.mean(axis=0))] * 2


def test_the_source_fresh_needs_a_series(requests, indexes):
    stage = RecallStage(quotas={"fresh": 2}, last=1, mean_user=3)
    found = event_sources.fresh_interest(
        requests, indexes.items, indexes.users, indexes.fresh, stage.candidates, 1, 3
    )
    assert recall_candidates(requests, indexes, stage).items.to_pylist() == found.to_pylist()
    with pytest.raises(ConfigError, match="nothing that makes fresh figures by fold_in"):
        recall_candidates(requests, replace(indexes, fresh=None), stage)


def test_medoids_find_what_is_near_to_each_of_them(requests, indexes):
    """User 1 liked 10 alone, user 3 nothing; user 4 liked two items that are at right angles."""
    assert event_sources.medoids(requests, indexes.items, indexes.fresh, 5).to_pylist() == [[12, 13], []]
    log = label_table([4, 4, 4], [13, 10, 12], [1, 2, 20], [1, 1, 1])
    of_four = requests_at(log, moment(10), moment(30))
    found = event_sources.medoids(of_four, indexes.items, indexes.fresh, 5)
    by_both = {11: (6 + 8) / 2, 12: 3 / 2}  # and 10 and 13 were seen; an hour's decay turns nothing around
    assert found.to_pylist() == [sorted(by_both, key=lambda item: -by_both[item])]


def test_the_source_medoids_needs_its_recipe(requests, indexes):
    stage = RecallStage(quotas={"medoids": 2})
    found = event_sources.medoids(requests, indexes.items, indexes.fresh, stage.candidates)
    assert recall_candidates(requests, indexes, stage).items.to_pylist() == found.to_pylist()
    without = replace(indexes.fresh, recipes={"fold_in": indexes.fresh.recipes["fold_in"]})
    with pytest.raises(ConfigError, match="nothing that makes fresh figures by medoids"):
        recall_candidates(requests, replace(indexes, fresh=without), stage)


def test_cross_domain_by_hand(requests, indexes):
    found = index_sources.cross_domain(requests, indexes.items, indexes.users, 5, "b")
    assert found.to_pylist() == [[13], []]


def test_item2item_by_hand(indexes):
    """User 2 liked 10 and 99; from 10 the others score 11: 6, 12: 3, 13: 0; user 9 liked 12 and 10."""
    log = label_table([2, 2, 9, 9, 2, 9], [10, 99, 12, 10, 12, 13], [1, 2, 3, 4, 20, 20], [1] * 6)
    requests = requests_at(log, moment(10), moment(30))
    assert index_sources.item2item(requests, indexes.items, 9).to_pylist() == [[11, 12, 13], [11, 13]]
    # the last liked item alone: user 2's is unknown, but those without a vector do not count
    one = index_sources.item2item(requests, indexes.items, 9, length=1)
    assert one.to_pylist() == [[11, 12, 13], [11, 13]]
    near = index_sources.item2item(requests, indexes.items, 9, length=1, neighbours=1)
    assert near.to_pylist() == [[11], [11]]


def test_cold_start_by_hand(indexes):
    """User 2 took to the unknown 99: its vector is (0, 1), so users 2 and 9 are nearest, then 1."""
    log = label_table([2, 9, 1, 9, 1], [99, 12, 10, 13, 13], [1, 2, 3, 20, 20], [1] * 5)
    requests = requests_at(log, moment(10), moment(30))
    assert requests.users.to_pylist() == [1, 9]
    found = index_sources.cold_start(requests, indexes.items, indexes.users, 5, reach=2)
    assert found.to_pylist() == [[], [99]]
    everyone = index_sources.cold_start(requests, indexes.items, indexes.users, 5, reach=3)
    assert everyone.to_pylist() == [[99], [99]]


def lists(values) -> pa.ListArray:
    return pa.array(values, pa.list_(pa.int64()))


def test_merged_in_turns_up_to_quotas():
    """a gives 1, b 5 (1 is given, so it passes on to it), b's quota is out; then what a has left."""
    made = merge({"a": lists([[1, 2, 3, 4]]), "b": lists([[1, 5, 6]])}, {"a": 2, "b": 1}, 5, lists([[2]]))
    assert made.items.to_pylist() == [[1, 5, 3, 4, 6]]
    assert made.found["a"].tolist() == [True, False, True, True, False]
    assert made.found["b"].tolist() == [True, True, False, False, True]


def naive_merge(sources_, quotas, total, seen):
    taken, given_, at = [], dict.fromkeys(sources_, 0), dict.fromkeys(sources_, 0)
    for limited in (True, False):
        moved = True
        while moved:
            moved = False
            for name, items in sources_.items():
                if limited and given_[name] >= quotas[name]:
                    continue
                rest = [i for i in items[at[name] :] if i not in seen and i not in taken]
                if rest and len(taken) < total:
                    taken.append(rest[0])
                    at[name] = items.index(rest[0]) + 1
                    given_[name] += 1
                    moved = True
    return taken


ranked = st.lists(st.integers(0, 12), unique=True, max_size=10)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(ranked, ranked, ranked, ranked), min_size=1, max_size=4),
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)),
    st.integers(1, 12),
)
def test_merge_is_the_naive_one(rows, quotas, total):
    names = dict(zip("abc", quotas, strict=True))
    given_ = {name: lists([row[place] for row in rows]) for place, name in enumerate("abc")}
    made = merge(given_, names, total, lists([row[3] for row in rows]))
    for row, items in zip(rows, made.items.to_pylist(), strict=True):
        assert items == naive_merge(dict(zip("abc", row, strict=False)), names, total, row[3])
        assert len(set(items)) == len(items) <= total
        assert not set(items) & set(row[3])
    flat = [(r, i) for r, items in enumerate(made.items.to_pylist()) for i in items]
    for place, name in enumerate("abc"):
        assert made.found[name].tolist() == [i in rows[r][place] for r, i in flat]


def test_bad_quotas_and_lists_are_refused():
    one = lists([[1]])
    for quotas, total in (({}, 3), ({"a": -1}, 3), ({"a": 1}, 0), ({"b": 1}, 3)):
        with pytest.raises(ConfigError, match="quota"):
            merge({"a": one}, quotas, total, one)
    with pytest.raises(DataError, match="same requests"):
        merge({"a": one}, {"a": 1}, 3, lists([[1], [2]]))


def asked(wanted) -> Requests:
    users = pa.array(range(len(wanted)))
    return Requests(moment(0), users, lists([[]] * len(wanted)), lists(wanted), LOG.slice(0, 0))


def test_stages_by_hand():
    """One user wants 1, 2 and 9, of which 9 is no candidate; another wants 5."""
    candidates = Candidates(lists([[3, 1, 4, 2], [5, 6]]), {"a": np.array([1, 1, 0, 0, 1, 1], bool)})
    scores = np.array([0.1, 0.2, 0.9, 0.8, 0.3, 0.4], np.float32)  # ranked: 4 2 1 3 | 6 5
    found = evaluate_stages([asked([[1, 2, 9], [5]])], [candidates], [scores], 2)
    second = 1 / np.log2(3)
    assert (found.k, found.requests, found.pool) == (2, 2, 3.0)
    assert found.coverage == pytest.approx((2 / 3 + 1) / 2)
    assert found.found == {"a": pytest.approx((1 / 3 + 1) / 2)}
    recall, ndcg = found.recall, found.ndcg
    assert recall.possible == pytest.approx((2 / 3 + 1) / 2)
    assert recall.ideal == pytest.approx((2 / 3 + 1) / 2)
    assert recall.merged == pytest.approx((1 / 3 + 1) / 2)
    assert recall.ranked == pytest.approx((1 / 3 + 1) / 2)
    assert ndcg.possible == ndcg.ideal == 1
    assert ndcg.merged == pytest.approx((second / (1 + second) + 1) / 2)
    assert ndcg.ranked == pytest.approx((second / (1 + second) + second) / 2)
    assert recall.missed == 0
    assert recall.lost == pytest.approx(recall.ideal - recall.ranked)
    wide = evaluate_stages([asked([[1, 2, 9], [5]])], [candidates], [scores], 4)
    assert wide.recall.missed == pytest.approx((1 / 3 + 0) / 2)
    assert wide.recall.lost == 0


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_losses_of_the_stages_add_up(seed, k):
    """What is possible is what is missed, what is lost and what is reached; ideal orders are never beaten."""
    rng = np.random.default_rng(seed)
    items = [rng.permutation(12)[: rng.integers(0, 8)].tolist() for _ in range(5)]
    wanted = [rng.permutation(12)[: rng.integers(1, 6)].tolist() for _ in range(5)]
    count = sum(map(len, items))
    scores = rng.integers(0, 3, count).astype(np.float32)
    found = evaluate_stages([asked(wanted)], [Candidates(lists(items), {})], [scores], k)
    for figures in (found.recall, found.ndcg):
        total = figures.missed + figures.lost + figures.ranked
        assert total == pytest.approx(figures.possible)
        assert figures.possible + 1e-12 >= figures.ideal >= max(figures.merged, figures.ranked) - 1e-12
    # the same twice is the same on average
    twice = evaluate_stages([asked(wanted)] * 2, [Candidates(lists(items), {})] * 2, [scores] * 2, k)
    assert vars(twice.ndcg) == pytest.approx(vars(found.ndcg))


def test_scores_that_do_not_fit_are_refused():
    candidates = Candidates(lists([[3]]), {})
    for scores in ([0.1, 0.2], [np.nan]):
        with pytest.raises(DataError, match="score every candidate"):
            evaluate_stages([asked([[3]])], [candidates], [np.array(scores, np.float32)], 2)


def test_candidates_of_all_sources(requests, indexes):
    stage = RecallStage(
        candidates=3, domain="b", quotas={"interest": 1, "popular": 1, "cold_start": 1, "cross_domain": 1}
    )
    made = recall_candidates(requests, indexes, stage)
    assert made.items.to_pylist() == [[12, 99, 13], [10, 12, 99]]
    assert set(made.found) == set(stage.quotas)
    with pytest.raises(ConfigError, match="cross_domain"):
        recall_candidates(requests, indexes, RecallStage(quotas={"cross_domain": 5}))


def test_without_a_snapshot_only_what_the_log_says(requests):
    made = recall_candidates(requests, None, RecallStage())
    assert {name for name, found in made.found.items() if found.any()} == {"popular", "item_knn"}
    assert set(made.found) == set(RecallStage().quotas)
    popular = recall_candidates(requests, None, RecallStage(quotas={"interest": 5, "popular": 5}))
    assert popular.items.to_pylist() == [[12, 99], [10, 12, 99]]


@pytest.mark.parametrize("seed", range(5))
def test_requests_are_the_naive_ones(seed):
    users, items, hours, labels = log = random_log(seed, 80)
    found = requests_at(label_table(*log), moment(20), moment(30))
    rows = list(zip(users, items, hours, labels, strict=True))
    seen = {u: {i for v, i, h, _ in rows if v == u and h < 20} for u in users}
    wanted = {u: {i for v, i, h, y in rows if v == u and 20 <= h < 30 and y} - seen[u] for u in users}
    asking = sorted(u for u in wanted if wanted[u])
    assert found.users.to_pylist() == asking
    assert found.seen.to_pylist() == [sorted(seen[u]) for u in asking]
    assert found.wanted.to_pylist() == [sorted(wanted[u]) for u in asking]
