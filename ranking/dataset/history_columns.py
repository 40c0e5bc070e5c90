"""The raw columns of histories: the user's last items before each label, and their pretrained vectors."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from ranking.dataset.graph_columns import GraphColumns
from ranking.inputs.field_specs import AnyField, HistorySpec
from ranking.log_features.histories import HISTORY_COLUMN, Histories


class HistoryColumns:
    """Makes the columns of histories for any run of the labels.

    Args:
        histories: the histories of the labels.
        answers: name of a view of item vectors → the store's answer to the histories' frame.

    Raises:
        DataError: when an answer is of other rows.
        LeakError: when a vector is known to labels that no snapshot precedes.
    """

    def __init__(self, histories: Histories, answers: Mapping[str, pa.ChunkedArray]) -> None:
        self._histories = histories
        self._vectors = {name: histories.vectors(answer) for name, answer in answers.items()}

    def columns(self, start: int, count: int) -> dict[str, pa.Array]:
        """Return lists of items, and beside them lists of each view's vectors, of labels from ``start``."""
        stop = start + count
        lists = {
            f"{HISTORY_COLUMN}_{name}": self._histories.lists(start, stop, vectors)
            for name, vectors in self._vectors.items()
        }
        return {HISTORY_COLUMN: self._histories.items(start, stop)} | lists

    def specs(self, views: Sequence[GraphColumns]) -> list[AnyField]:
        """Return a field of the items, and one of the items with the vectors of each view.

        Args:
            views: the graph columns of the labels, which say what family a view is of.
        """
        families = {f"{view.prefix}_vector": view.family for view in reversed(views)}
        length = self._histories.length
        with_vectors = [
            HistorySpec(
                name=f"{HISTORY_COLUMN}_{name}",
                group="dense",
                family=families.get(name, ""),
                whose="item",
                column=HISTORY_COLUMN,
                vectors=f"{HISTORY_COLUMN}_{name}",
                candidate=name,
                length=length,
            )
            for name in self._vectors
        ]
        return [HistorySpec(name=HISTORY_COLUMN, column=HISTORY_COLUMN, length=length), *with_vectors]
