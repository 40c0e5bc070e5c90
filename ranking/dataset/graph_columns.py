"""Finds graph features in a training table by their names: ``<family>_<node type>_<kind>__<feature>``."""

import re
from dataclasses import dataclass

import pyarrow as pa

from embedding_features.artifact.kinds import KINDS
from embedding_features.errors import DataError
from ranking.task.task import SIDES, Side, Task


@dataclass(frozen=True)
class GraphColumns:
    """Describes the columns of one feature view.

    Attributes:
        side: whose features they are.
        family: family of the method that pretrained them; "" where the names have none.
        kind: kind of feature (:data:`.KINDS`).
        features: feature → column.
    """

    side: Side
    family: str
    kind: str
    features: dict[str, str]

    @property
    def prefix(self) -> str:
        """The beginning of the names of the view's fields."""
        return f"{self.family}_{self.side}" if self.family else self.side


def find_graph_columns(task: Task, table: pa.Table) -> list[GraphColumns]:
    """Return the views of a table, ordered by family, side and kind; other columns are ignored.

    Raises:
        DataError: when no column belongs to a view of the task's node types.
    """
    views: dict[tuple[str, Side, str], dict[str, str]] = {}
    for column in table.column_names:
        for side in SIDES:
            node_type = re.escape(task.side(side).node_type)
            match = re.fullmatch(rf"(?:(.+)_)?{node_type}_({'|'.join(KINDS)})(?:@v\d+)?__(\w+)", column)
            if match:
                family, kind, feature = match.groups()
                views.setdefault((family or "", side, kind), {})[feature] = column
    if not views:
        wanted = f"<family>_{task.user.node_type}_vector__vector and the like"
        raise DataError(f"no graph feature among the columns {table.column_names}", fix=f"ask for {wanted}")
    kinds = list(KINDS)
    order = sorted(views, key=lambda key: (key[0], SIDES.index(key[1]), kinds.index(key[2])))
    return [GraphColumns(side, family, kind, views[family, side, kind]) for family, side, kind in order]
