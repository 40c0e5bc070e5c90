"""Labels that a user's history does not have: of a surface that is new to her, whose items others know."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from ranking.log_features.earlier_events import EarlierEvents
from ranking.log_features.item_knn import item_knn_columns
from ranking.log_features.levels import history_features
from ranking.log_features.log import Log
from tests.ranking_data import label_table, moment, random_log


def made(seed: int) -> tuple[tuple[list, ...], np.ndarray, Log]:
    """A random log of few users, items and hours, of which the even items are of the new surface."""
    rows = random_log(seed, 120)
    log = Log.of(label_table(*rows))
    remembered = np.array([item % 2 == 1 for item in rows[1]])
    return rows, remembered, replace(log, remembered=remembered)


@pytest.mark.parametrize("seed", range(3))
def test_a_user_has_the_past_of_what_she_remembers_and_an_item_its_whole_past(seed: int) -> None:
    rows, remembered, log = made(seed)
    found, whole = history_features(log, {}), history_features(Log.of(log.labels), {})
    for name in ("item_events", "item_mean", "item_smoothed", "item_idle", "global_mean"):
        assert found[name].equals(whole[name])
    assert not found["user_events"].equals(whole["user_events"])
    for row in np.flatnonzero(~remembered):
        kept = np.sort(np.append(np.flatnonzero(remembered), row))
        alone = history_features(Log.of(label_table(*([part[k] for k in kept] for part in rows))), {})
        place = int(np.searchsorted(kept, row))
        for name in ("user_events", "user_mean", "user_idle"):
            assert found[name][int(row)].as_py() == alone[name][place].as_py()


def test_neighbours_of_an_item_are_met_in_what_is_remembered_alone() -> None:
    """Two users like both items; the third label of user 1 asks about item 3."""
    log = Log.of(label_table([1, 1, 2, 2, 3, 1], [1, 2, 1, 2, 1, 2], [0, 1, 0, 1, 9, 9], [1, 1, 1, 1, 1, 1]))
    for remembered, met in ((None, 2), (np.array([False, True, True, True, True, True]), 1)):
        asked = replace(log, remembered=remembered)
        events = EarlierEvents.of(asked, history_features(asked, {})["residual"], "item")
        seen = item_knn_columns(asked, [moment(5)], events, shrinkage=0.0)["item_knn_seen"]
        # the last label's item is alike to item 1 alone, which user 1 had met at hour 0
        assert np.isclose(seen[5].as_py(), np.log(met))


def test_whose_every_label_is_forgotten_has_no_past() -> None:
    log = Log.of(label_table([1, 1, 2, 1], [1, 2, 1, 3], [0, 1, 2, 3], [1, 0, 1, 1]))
    tags = {"genre": pa.table({"item_id": [1, 2, 3], "tag": ["a", "a", "a"]})}
    found = history_features(replace(log, remembered=np.array([False, False, True, False])), tags)
    assert found["user_genre_mean"].equals(found["user_smoothed"])
    assert found["user_events"].to_pylist() == [0, 0, 0, 0]
    assert found["user_mean"].null_count == found["user_idle"].null_count == 4
    assert found["item_events"].to_pylist() == [0, 0, 1, 0]
