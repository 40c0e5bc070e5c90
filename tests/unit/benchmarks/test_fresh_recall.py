"""The recall benchmark's requests and lists by hand, and that validation chooses."""

from types import SimpleNamespace

import pyarrow as pa
import pytest

from benchmarks.fresh_recall import chosen
from benchmarks.fresh_recall_requests import Asked, newest_before, of_new_to, of_unknown_users
from benchmarks.fresh_recall_sources import filled, item_knn, popular
from ranking.modes.merge import Candidates
from ranking.modes.requests import requests_at
from tests.ranking_data import label_table, moment

# items 10 to 19 are the target; the span is from hour 10 to 30
LOG = label_table(
    [1, 1, 2, 3, 1, 1, 2, 1, 2, 3, 1],
    [10, 20, 11, 12, 21, 11, 20, 12, 10, 20, 13],
    [1, 2, 3, 4, 11, 12, 13, 14, 14, 15, 30],
    [1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1],
)
SPAN = (moment(10), moment(30))
TARGET = pa.array([10, 11, 12, 13])


def snapshot(hours: float, users: list[int]) -> SimpleNamespace:
    """A snapshot that holds vectors of some users."""
    table = SimpleNamespace(ids=pa.array(users))
    return SimpleNamespace(manifest=SimpleNamespace(as_of=moment(hours)), vectors={"user": table}.__getitem__)


def test_the_newest_snapshot_is_strictly_older():
    series = [snapshot(5, []), snapshot(1, []), snapshot(9, [])]
    assert [newest_before(series, moment(hours)) for hours in (9, 9.5)] == [series[0], series[2]]


def test_users_without_a_vector_ask_at_each_like():
    """User 1 has a vector from hour 11.5 on, user 2 has one at hour 13 but not at 14, user 3 never has."""
    series = [snapshot(0, [2]), snapshot(11.5, [1, 2]), snapshot(13.5, [1])]
    asked = [one.requests for one in of_unknown_users(LOG, series, "user", SPAN, days=1.5 / 24)]
    assert [(one.users.to_pylist(), one.moment) for one in asked] == [
        ([1], moment(11)),
        ([2], moment(14)),
        ([3], moment(15)),
    ]
    assert [one.seen.to_pylist() for one in asked] == [[[10, 20]], [[11, 20]], [[12]]]
    # 12 comes three hours after user 1 asks, too late
    assert [one.wanted.to_pylist() for one in asked] == [[[21]], [[10]], [[20]]]
    assert [len(one.past) for one in asked] == [4, 7, 9]


def test_users_new_to_a_target_ask_once_and_their_own_past_in_it_is_withheld():
    """User 1 meets 11 first and likes 12 later, 13 after the end; user 3 meets nothing of the target."""
    one, two = of_new_to(LOG, TARGET, SPAN)
    assert (one.requests.users.to_pylist(), one.requests.moment) == ([1], moment(12))
    assert (two.requests.users.to_pylist(), two.requests.moment) == ([2], moment(14))
    assert [asked.requests.seen.to_pylist() for asked in (one, two)] == [[[10]], [[11]]]
    assert [asked.requests.wanted.to_pylist() for asked in (one, two)] == [[[12]], [[10]]]
    past = one.requests.past
    assert list(zip(past["user_id"].to_pylist(), past["item_id"].to_pylist(), strict=True)) == [
        (1, 20),
        (2, 11),
        (3, 12),
        (1, 21),
    ]
    assert sorted(one.among.to_pylist()) == [11, 12]
    assert sorted(two.among.to_pylist()) == [10, 11, 12]


def test_lists_hold_what_may_be_found():
    """User 2 asks at hour 14: 20 is what most like, but it is not of the target; 12 nobody likes."""
    _, two = of_new_to(LOG, TARGET, SPAN)
    assert popular(two).items.to_pylist() == [[10]]
    assert item_knn(two).items.to_pylist() == [[10]]
    everything = Asked(two.requests)
    assert popular(everything).items.to_pylist() == [[20, 10, 21]]


def test_a_list_is_filled_up_with_another():
    _, two = of_new_to(LOG, TARGET, SPAN)
    first, then = (Candidates(pa.array([items]), {}) for items in ([12], [10, 12, 11]))
    assert filled(two, first, then).items.to_pylist() == [[12, 10]]


@pytest.mark.parametrize("best", [("als", 0.5), ("spectral", 1.0)])
def test_the_validation_part_chooses_family_and_weight(best):
    asked = [Asked(requests_at(LOG, *SPAN))]

    def world(name: str) -> SimpleNamespace:
        def fresh(one: Asked, weight: float) -> Candidates:
            found = (name, weight) == best or (name != best[0] and weight == 0.25)
            wanted = one.requests.wanted.to_pylist()
            lists = [items[: len(items) if name == best[0] else 1] if found else [] for items in wanted]
            return Candidates(pa.array(lists, one.requests.wanted.type), {})

        return SimpleNamespace(fresh=fresh)

    choice = chosen(asked, {name: world(name) for name in ("als", "spectral")})
    assert (choice.family, choice.weights[choice.family]) == best
    assert sorted(choice.weights.values()) == sorted([0.25, best[1]])
