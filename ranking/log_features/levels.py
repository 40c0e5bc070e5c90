"""The strong baseline: counts and means of a user's and an item's past, as of each label's own time.

A label sees only events with a strictly earlier timestamp: neither itself nor what happened in its moment.
All sums are of integers (residuals in millionths), so they are exact whatever the order of adding.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, F64, I64, Bool
from ranking.inputs.arrow import flat_array
from ranking.log_features.as_of_sums import AsOfSums, in_millionths
from ranking.task.task import SIDES

#: events' worth of trust in what a mean is smoothed towards
USER_PRIOR, ITEM_PRIOR, TAG_PRIOR = 5.0, 10.0, 3.0


def history_features(labels: pa.Table, tags: Mapping[str, pa.Table]) -> pa.Table:
    """What the log says of each label's user and item before the label.

    With n events before the label whose labels sum to s, and the share g of ones among all events before it
    (one of each class added), the smoothed mean is (s + k g) / (n + k).

    Args:
        labels: as :func:`.load_labels` returns them; they are the log as well.
        tags: name → table of ``item_id`` and ``tag``, one row a pair: what a user's taste is averaged over.

    Returns:
        One row a label, in its order:

        ====================================  ==========================================================
        ``user_events``, ``item_events``      int64 number of events before
        ``user_mean``, ``item_mean``          mean label, null without events
        ``user_smoothed``, ``item_smoothed``  smoothed mean label
        ``user_residual``, ``item_residual``  sum of residuals / (n + k): a mean with the other side's
                                              level taken out
        ``user_idle``, ``item_idle``          log(1 + hours since the last event), null without events
        ``global_mean``                       g
        ``user_<tag>_mean``                   the user's smoothed mean on items that share a tag with the
                                              label's item, towards ``user_smoothed``
        ``residual``                          label − expected, the expectation as of the label's time
                                              being user_smoothed + item_smoothed − g, in [0, 1]. It holds
                                              the label: a feature of later rows only
        ====================================  ==========================================================
    """
    time = np.asarray(labels["timestamp"].cast(pa.int64()).to_numpy(), np.int64)
    label = np.asarray(labels["label"].to_numpy(), np.int64)
    codes = {side: _codes(labels[f"{side}_id"]) for side in SIDES}
    every = AsOfSums.of(np.zeros(len(time), np.int64), time)
    mean: F64 = (every.sum(label) + 1) / (every.count() + 2)
    user = _Level.of(AsOfSums.of(codes["user"], time), time, label, mean, USER_PRIOR)
    item = _Level.of(AsOfSums.of(codes["item"], time), time, label, mean, ITEM_PRIOR)
    expected = np.clip(user.smoothed + item.smoothed - mean.astype(np.float32), 0, 1)
    residual: F32 = (label - expected).astype(np.float32)
    columns = {
        **{f"user_{name}": column for name, column in user.columns(residual).items()},
        **{f"item_{name}": column for name, column in item.columns(residual).items()},
        "global_mean": pa.array(mean.astype(np.float32)),
        "residual": pa.array(residual),
    }
    items = flat_array(labels["item_id"])
    for name, pairs in tags.items():
        mean_of_tags = _tag_mean(pairs, items, codes["user"], time, label, user.smoothed)
        columns[f"user_{name}_mean"] = pa.array(mean_of_tags)
    return pa.table(columns)


@dataclass(frozen=True)
class _Level:
    """What one side's past says of each label.

    Attributes:
        past: of each label's user or item.
        count, total: [n] events in it, and the sum of their labels.
        idle: [n] µs since the last of them.
        smoothed: [n] smoothed mean.
        prior: events' worth of trust in what the mean is smoothed towards.
    """

    past: AsOfSums
    count: I64
    total: I64
    idle: I64
    smoothed: F32
    prior: float

    @classmethod
    def of(cls, past: AsOfSums, time: I64, label: I64, mean: F64, prior: float) -> "_Level":
        count, total = past.count(), past.sum(label)
        smoothed: F32 = ((total + prior * mean) / (count + prior)).astype(np.float32)
        return cls(past, count, total, time - past.last(time), smoothed, prior)

    def columns(self, residual: F32) -> dict[str, pa.Array]:
        """The side's columns; those without events are null where they need one."""
        none: Bool = self.count == 0
        mean = self.total / np.maximum(self.count, 1)
        level = self.past.sum(in_millionths(residual)) / 1e6 / (self.count + self.prior)
        return {
            "events": pa.array(self.count),
            "mean": pa.array(mean.astype(np.float32), mask=none),
            "smoothed": pa.array(self.smoothed),
            "residual": pa.array(level.astype(np.float32)),
            "idle": pa.array(np.log(1 + self.idle / 3.6e9).astype(np.float32), mask=none),
        }


def _codes(ids: pa.ChunkedArray) -> I64:
    return np.asarray(flat_array(ids).dictionary_encode().indices.to_numpy(), np.int64)


def _tag_mean(pairs: pa.Table, items: pa.Array, user: I64, time: I64, label: I64, smoothed: F32) -> F32:
    """[n] the user's mean over the past of each tag of the label's item, towards ``smoothed``."""
    encoded = flat_array(pairs["tag"]).dictionary_encode(null_encoding="encode")
    known = flat_array(pairs["item_id"]).unique()
    tagged = np.asarray(pc.index_in(flat_array(pairs["item_id"]), value_set=known).to_numpy(), np.int64)
    order = np.argsort(tagged, kind="stable")
    tag = np.asarray(encoded.indices.to_numpy(), np.int64)[order]
    # the tags of item i are tag[begin[i]:begin[i + 1]]; items without any come last and have none
    begin = np.searchsorted(tagged[order], np.arange(len(known) + 2))
    item = np.asarray(pc.index_in(items, value_set=known).fill_null(len(known)).to_numpy(), np.int64)
    count = begin[item + 1] - begin[item]
    row = np.repeat(np.arange(len(items)), count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin[item], count)
    past = AsOfSums.of(user[row] * len(encoded.dictionary) + tag[place], time[row])
    total, events = (
        np.bincount(row, of_pair, len(items)) for of_pair in (past.sum(label[row]), past.count())
    )
    trust = np.float32(TAG_PRIOR)
    mean: F32 = (total.astype(np.float32) + trust * smoothed) / (events.astype(np.float32) + trust)
    return np.where(count > 0, mean, smoothed)
