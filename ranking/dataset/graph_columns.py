"""The names of graph features in a training table: ``<family>_<node type>_<kind>__<feature>``."""

import re
from dataclasses import dataclass

import pyarrow as pa

from embedding_features.artifact.kinds import KINDS
from embedding_features.errors import DataError
from ranking.task.task import SIDES, Side, Task


@dataclass(frozen=True)
class GraphColumns:
    """Columns of one view: ``family`` and ``kind`` of one side; ``features`` maps feature → column."""

    side: Side
    family: str
    kind: str
    features: dict[str, str]

    @property
    def prefix(self) -> str:
        """What names of its fields begin with."""
        return f"{self.family}_{self.side}" if self.family else self.side


def find_graph_columns(task: Task, table: pa.Table) -> list[GraphColumns]:
    """The views of a table, ordered by family, side and kind; other columns are passed over.

    Raises:
        DataError: when no column belongs to a view of the task's node types.
    """
    found: dict[tuple[str, Side, str], dict[str, str]] = {}
    for column in table.column_names:
        for side in SIDES:
            node_type = re.escape(task.side(side).node_type)
            match = re.fullmatch(rf"(?:(.+)_)?{node_type}_({'|'.join(KINDS)})(?:@v\d+)?__(\w+)", column)
            if match:
                family, kind, feature = match.groups()
                found.setdefault((family or "", side, kind), {})[feature] = column
    if not found:
        wanted = f"<family>_{task.user.node_type}_vector__vector and the like"
        raise DataError(f"no graph feature among the columns {table.column_names}", fix=f"ask for {wanted}")
    kinds = list(KINDS)
    order = sorted(found, key=lambda key: (key[0], SIDES.index(key[1]), kinds.index(key[2])))
    return [GraphColumns(side, family, kind, found[family, side, kind]) for family, side, kind in order]
