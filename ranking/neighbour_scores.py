"""Neighbour lists turned into scores: item-kNN and user-kNN over what the log said before each label."""

from typing import Any

import pyarrow as pa

from ranking.tables import connect
from ranking.task import Side

#: neighbours' worth of trust in a residual of zero
PRIOR = 1.0

NEIGHBOUR_FEATURES = ("seen", "liked", "knn")


def neighbour_scores(
    labels: pa.Table,
    residual: pa.ChunkedArray,
    neighbours: pa.ChunkedArray | pa.Array,
    scores: pa.ChunkedArray | pa.Array,
    side: Side,
    start: int = 0,
) -> pa.Table:
    """How the label's user met the neighbours of its item before it (``side="item"``), or its user's
    neighbours the item (``side="user"``).

    A neighbour's weight w is its score over the row's best, at least 0. Over earlier events e of the label's
    user (item) with a neighbour: ``seen`` = log(1 + events), ``liked`` = Σ w y / Σ w (null where Σ w = 0),
    and ``knn`` = Σ w residual / (Σ w + 1), the neighbourhood model of Koren (Factorization meets the
    neighborhood, KDD 2008, equation 3) with given weights and shrinkage.

    Args:
        labels: as :func:`ranking.labels.load_labels` returns them.
        residual: [n] of the labels (:func:`ranking.baseline.history_features`).
        neighbours: [m] lists of ids of the side's type, from a snapshot older than the row; null unknown.
        scores: [m] lists beside them, higher nearer.
        start: the label that the first list belongs to.

    Returns:
        ``seen``, ``liked``, ``knn`` as float32, a row a list; all null where there is none.
    """
    other, key = ("user_id", "item_id") if side == "item" else ("item_id", "user_id")
    lists = labels.slice(start, len(neighbours)).append_column("ids", neighbours)
    lists = lists.append_column("scores", scores)
    with connect() as connection:
        connection.register("log", labels.append_column("residual", residual))
        connection.register("lists", lists)
        table: Any = connection.sql(
            f"""
            WITH events AS (
                SELECT user_id, item_id, epoch_us(timestamp) AS ts, CAST(label AS BIGINT) AS y,
                    CAST(round(1e6 * residual) AS BIGINT) AS r FROM log),
            pairs AS (
                SELECT row, {other} AS other, epoch_us(timestamp) AS ts, unnest(ids) AS neighbour,
                    CAST(round(1e6 * greatest(0, unnest(scores) / greatest(list_max(scores), 1e-30)))
                        AS BIGINT) AS w
                FROM lists WHERE ids IS NOT NULL),
            met AS (
                SELECT row, count(*) AS n, sum(w) AS sw, sum(w * y) AS swy, sum(w * r) AS swr
                FROM pairs JOIN events ON events.{other} = pairs.other AND events.{key} = pairs.neighbour
                    AND events.ts < pairs.ts
                GROUP BY row)
            SELECT CAST(ln(1 + coalesce(n, 0)) AS FLOAT) AS seen,
                CAST(swy / nullif(sw, 0) AS FLOAT) AS liked,
                CAST(coalesce(swr / 1e6 / (sw + {PRIOR} * 1e6), 0) AS FLOAT) AS knn,
                ids IS NULL AS absent
            FROM lists LEFT JOIN met USING (row) ORDER BY row
            """  # noqa: S608 - only constants of this file
        ).to_arrow_table()
    null = pa.scalar(None, pa.float32())
    kept = {name: pa.compute.if_else(table["absent"], null, table[name]) for name in NEIGHBOUR_FEATURES}
    return pa.table(kept).combine_chunks()
