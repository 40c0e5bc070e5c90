"""The strong baseline: counts and means of a user's and an item's past, as of each label's own time.

A label sees only events with a strictly earlier timestamp: neither itself nor what happened in its moment.
All sums are of integers (residuals in millionths), so they are exact whatever the order of adding.
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from ranking.tables import connect

#: events' worth of trust in what a mean is smoothed towards
USER_PRIOR, ITEM_PRIOR, TAG_PRIOR = 5.0, 10.0, 3.0

_BEFORE = "ORDER BY ts RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
_BY_USER, _BY_ITEM = f"(PARTITION BY user_id {_BEFORE})", f"(PARTITION BY item_id {_BEFORE})"
_HOURS = "CAST(ln(1 + (ts - {last}) / 3.6e9) AS FLOAT)"


def history_features(labels: pa.Table, tags: Mapping[str, pa.Table]) -> pa.Table:
    """What the log says of each label's user and item before the label.

    With n events before the label whose labels sum to s, and the share g of ones among all events before it
    (one of each class added), the smoothed mean is (s + k g) / (n + k).

    Args:
        labels: as :func:`ranking.labels.load_labels` returns them; they are the log as well.
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
    with connect() as connection:
        connection.register("labels", labels)
        _levels(connection)
        _residuals(connection)
        columns = [f"{side}_{name}" for side in ("user", "item") for name in _KINDS] + ["global_mean"]
        table = connection.sql(f"SELECT {', '.join(columns)}, residual FROM residuals ORDER BY row")  # noqa: S608
        features = table.to_arrow_table()
        for name, pairs in tags.items():
            features = features.append_column(f"user_{name}_mean", _tag_mean(connection, pairs))
    return features.combine_chunks()


_KINDS = ("events", "mean", "smoothed", "residual", "idle")


def _levels(connection: duckdb.DuckDBPyConnection) -> None:
    """Table ``levels``: events with counts, means and idle times of their past."""
    connection.execute(
        f"""
        CREATE TABLE levels AS
        WITH events AS (
            SELECT row, user_id, item_id, epoch_us(timestamp) AS ts, CAST(label AS BIGINT) AS y FROM labels),
        sums AS (
            SELECT *, (coalesce(sum(y) OVER every, 0) + 1) / (count(*) OVER every + 2) AS g,
                count(*) OVER u AS user_events, coalesce(sum(y) OVER u, 0) AS us, max(ts) OVER u AS user_last,
                count(*) OVER i AS item_events, coalesce(sum(y) OVER i, 0) AS its, max(ts) OVER i AS item_last
            FROM events WINDOW every AS ({_BEFORE}), u AS {_BY_USER}, i AS {_BY_ITEM})
        SELECT row, user_id, item_id, ts, y, user_events, item_events, CAST(g AS FLOAT) AS global_mean,
            CAST(us / nullif(user_events, 0) AS FLOAT) AS user_mean,
            CAST(its / nullif(item_events, 0) AS FLOAT) AS item_mean,
            CAST((us + {USER_PRIOR} * g) / (user_events + {USER_PRIOR}) AS FLOAT) AS user_smoothed,
            CAST((its + {ITEM_PRIOR} * g) / (item_events + {ITEM_PRIOR}) AS FLOAT) AS item_smoothed,
            {_HOURS.format(last="user_last")} AS user_idle, {_HOURS.format(last="item_last")} AS item_idle
        FROM sums
        """  # noqa: S608 - only constants of this file
    )


def _residuals(connection: duckdb.DuckDBPyConnection) -> None:
    """Table ``residuals``: ``levels`` with each event's residual, and those of its past averaged."""
    connection.execute(
        f"""
        CREATE TABLE residuals AS
        WITH own AS (
            SELECT *, y - greatest(0, least(1, user_smoothed + item_smoothed - global_mean)) AS r
            FROM levels),
        whole AS (SELECT *, CAST(round(1e6 * r) AS BIGINT) AS millionths FROM own)
        SELECT * EXCLUDE (r, millionths), CAST(r AS FLOAT) AS residual,
            CAST(coalesce(sum(millionths) OVER {_BY_USER}, 0) / 1e6 / (user_events + {USER_PRIOR}) AS FLOAT)
                AS user_residual,
            CAST(coalesce(sum(millionths) OVER {_BY_ITEM}, 0) / 1e6 / (item_events + {ITEM_PRIOR}) AS FLOAT)
                AS item_residual
        FROM whole
        """  # noqa: S608 - only constants of this file
    )


def _tag_mean(connection: duckdb.DuckDBPyConnection, pairs: pa.Table) -> pa.ChunkedArray:
    connection.register("pairs", pairs)
    table = connection.sql(
        f"""
        WITH tagged AS (SELECT row, user_id, tag, ts, y FROM levels JOIN pairs USING (item_id)),
        past AS (
            SELECT row, sum(y) OVER w AS s, count(*) OVER w AS n FROM tagged
            WINDOW w AS (PARTITION BY user_id, tag {_BEFORE})),
        summed AS (SELECT row, coalesce(sum(s), 0) AS s, sum(n) AS n FROM past GROUP BY row)
        SELECT CAST(coalesce((s + {TAG_PRIOR} * user_smoothed) / (n + {TAG_PRIOR}), user_smoothed) AS FLOAT)
            AS mean
        FROM levels LEFT JOIN summed USING (row) ORDER BY row
        """  # noqa: S608 - only constants of this file
    ).to_arrow_table()
    connection.unregister("pairs")
    return table["mean"]
