"""The strong baseline: counts and means of a user's and an item's past, as of each label's own time.

A label sees only events with a strictly earlier timestamp: neither itself nor what happened in its moment.
All sums are of integers (residuals in millionths), so they are exact whatever the order of adding.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.arrays import F32, F64, I64, Bool, positions_in_runs
from embedding_features.arrow import flat_array
from ranking.log_features.as_of_sums import AsOfSums, in_millionths
from ranking.log_features.log import Log
from ranking.task.task import Side

#: events' worth of trust in what a mean is smoothed towards
USER_PRIOR, ITEM_PRIOR, TAG_PRIOR = 5.0, 10.0, 3.0


def history_features(log: Log, tags: Mapping[str, pa.Table]) -> pa.Table:
    """Return what the log says of each label's user and item before the label.

    With n events before the label whose labels sum to s, and the share g of ones among all events before it
    (one of each class added), the smoothed mean is (s + k g) / (n + k).

    Args:
        log: the labels.
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
    everything = AsOfSums.of(np.zeros(len(log), np.int64), log.time)
    mean: F64 = (everything.sum(log.label) + 1) / (everything.count() + 2)
    user = _SideLevel.of(log, "user", mean, USER_PRIOR)
    item = _SideLevel.of(log, "item", mean, ITEM_PRIOR)
    expected = np.clip(user.smoothed + item.smoothed - mean.astype(np.float32), 0, 1)
    residual: F32 = (log.label - expected).astype(np.float32)
    columns = {
        **{f"user_{name}": column for name, column in user.columns(residual).items()},
        **{f"item_{name}": column for name, column in item.columns(residual).items()},
        "global_mean": pa.array(mean.astype(np.float32)),
        "residual": pa.array(residual),
    }
    for name, pairs in tags.items():
        columns[f"user_{name}_mean"] = pa.array(_tag_mean(log, pairs, user.smoothed))
    return pa.table(columns)


@dataclass(frozen=True)
class _SideLevel:
    """Holds what the earlier events of each label's user, or of its item, say.

    Attributes:
        earlier: sums over these events.
        count: [n] how many these events are.
        total: [n] the sum of their labels.
        idle: [n] µs since the last of them.
        smoothed: [n] smoothed mean.
        prior: events' worth of trust in what the mean is smoothed towards.
    """

    earlier: AsOfSums
    count: I64
    total: I64
    idle: I64
    smoothed: F32
    prior: float

    @classmethod
    def of(cls, log: Log, side: Side, mean: F64, prior: float) -> "_SideLevel":
        earlier = AsOfSums.of(log.codes(side), log.time, log.remembered if side == "user" else None)
        count, total = earlier.count(), earlier.sum(log.label)
        smoothed: F32 = ((total + prior * mean) / (count + prior)).astype(np.float32)
        return cls(earlier, count, total, log.time - earlier.last(log.time), smoothed, prior)

    def columns(self, residual: F32) -> dict[str, pa.Array]:
        """Return the side's columns; those that need an event are null without one."""
        none: Bool = self.count == 0
        mean = self.total / np.maximum(self.count, 1)
        level = self.earlier.sum(in_millionths(residual)) / 1e6 / (self.count + self.prior)
        return {
            "events": pa.array(self.count),
            "mean": pa.array(mean.astype(np.float32), mask=none),
            "smoothed": pa.array(self.smoothed),
            "residual": pa.array(level.astype(np.float32)),
            "idle": pa.array(np.log(1 + self.idle / 3.6e9).astype(np.float32), mask=none),
        }


def _tag_mean(log: Log, pairs: pa.Table, smoothed: F32) -> F32:
    """Return [n] the mean over the user's earlier events of each tag of the label's item.

    Args:
        log: the labels.
        pairs: ``item_id`` and ``tag``.
        smoothed: [n] what the mean is smoothed towards.
    """
    row, tag, tags = _row_tags(log, pairs)
    remembered = None if log.remembered is None else log.remembered[row]
    earlier = AsOfSums.of(log.user[row] * tags + tag, log.time[row], remembered)
    total, events = (
        np.bincount(row, of_pair, len(log)) for of_pair in (earlier.sum(log.label[row]), earlier.count())
    )
    trust = np.float32(TAG_PRIOR)
    mean: F32 = (total.astype(np.float32) + trust * smoothed) / (events.astype(np.float32) + trust)
    return np.where(np.bincount(row, minlength=len(log)) > 0, mean, smoothed)


def _row_tags(log: Log, pairs: pa.Table) -> tuple[I64, I64, int]:
    """Return [p] label and tag of each tag that a label's item has, and how many tags there are."""
    encoded = flat_array(pairs["tag"]).dictionary_encode(null_encoding="encode")
    tagged_items = flat_array(pairs["item_id"])
    known = tagged_items.unique()
    tagged = np.asarray(pc.index_in(tagged_items, value_set=known).to_numpy(), np.int64)
    order = np.argsort(tagged, kind="stable")
    tag = np.asarray(encoded.indices.to_numpy(), np.int64)[order]
    # the tags of item i are tag[begin[i]:begin[i + 1]]; items without any come last and have none
    begin = np.searchsorted(tagged[order], np.arange(len(known) + 2))
    item = np.asarray(pc.index_in(log.items, value_set=known).fill_null(len(known)).to_numpy(), np.int64)
    item = item[log.item]
    count = begin[item + 1] - begin[item]
    row = np.repeat(np.arange(len(log)), count)
    return row, tag[positions_in_runs(count) + np.repeat(begin[item], count)], len(encoded.dictionary)
