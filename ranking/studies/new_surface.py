"""A new surface: rankers that learn from its first few labels, of users who were never there before.

Some items are those of the surface. What users did with the others is behaviour elsewhere. What they did on
the surface is withheld from all that is known of them (:attr:`.Log.remembered`), while its items have their
whole histories. Rankers learn from the surface's newest labels before the validation part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa

from embedding_features.arrays import I64, Bool
from embedding_features.errors import ConfigError
from embedding_features.fresh import FreshSeries
from ranking.dataset.dataset import Dataset, assemble, label_values
from ranking.dataset.raw_columns import RawColumns
from ranking.dataset.side_tables import SideTables
from ranking.dataset.snapshot_age import snapshot_age
from ranking.encoders import fit_encoders
from ranking.experiment.arm import Arm
from ranking.inputs.field_specs import AnyField, CategorySpec
from ranking.inputs.groups import FRESH_GROUP
from ranking.inputs.spec import RankerSpec
from ranking.log_features.log import Log
from ranking.models.base import Ranker
from ranking.task.labels import entity_frame
from ranking.task.task import Task

#: what rankers see of a label: the surface alone; also what its user did elsewhere, as counts, means and
#: item-kNN scores; also the fresh scores of what she did there, with their variances
ARMS = ("surface", "elsewhere", "fresh")
#: the arm that the others are compared with
BASELINE = "elsewhere"
_SCORES = ("_fold_in_score", "_fold_in_variance")
#: for so many labels to learn from there is one to stop by
_TRAINING_TO_VALIDATION = 4


def surface_items(task: Task, column: str, value: str, items: pa.Array) -> Bool:
    """Return [m] which items have a value in a column of the items' table, or among a list of it.

    Raises:
        ConfigError: when the task has no such column, or no item the value.
    """
    specs = task.item.table
    if specs is None or column not in (*specs.categorical, *specs.multivalued):
        raise ConfigError(
            f"a surface of items by {column!r}, which is no column of the items' table",
            fix="name a categorical or multivalued one of the task's item table",
        )
    values = SideTables.read(task).of_items(items, column).to_pylist()
    found = np.array([value in one if isinstance(one, list) else str(one) == value for one in values])
    if not found.any():
        raise ConfigError(f"no item has {value!r} in {column!r}", fix="name a value that items have")
    return found


@dataclass(frozen=True)
class NewSurface:
    """Holds all labels of a task, seen as those of a surface and of behaviour elsewhere.

    Attributes:
        task: what is ranked.
        raw: the raw columns of all labels; users remember what is elsewhere.
        frame: the entity frame of the labels.
    """

    task: Task
    raw: RawColumns
    frame: pa.Table

    @classmethod
    def of(
        cls,
        task: Task,
        log: Log,
        items: Bool,
        moments: Sequence[datetime],
        fresh: Sequence[FreshSeries],
    ) -> "NewSurface":
        """Make the raw columns of a surface.

        Args:
            task: what is ranked.
            log: all labels.
            items: [m] which of the log's items are of the surface (:func:`surface_items`).
            moments: the snapshots' ``as_of``.
            fresh: what makes fresh figures.
        """
        raw = RawColumns(task, replace(log, remembered=~items[log.item]), (), moments, fresh=fresh)
        return cls(task, raw, entity_frame(task, log.labels))

    @cached_property
    def _table(self) -> pa.Table:
        return self.raw.part(0, self.frame)

    def parts(self, labels: int) -> dict[str, I64]:
        """Return part of the split → its rows: ``labels`` to learn from, the next ones to stop by, the test.

        Raises:
            ConfigError: when the surface has fewer, or all of a part are alike.
        """
        log = self.raw.log
        of_surface = np.ones(len(log), np.bool_) if log.remembered is None else ~log.remembered
        split = np.asarray(log.labels["split"].to_numpy(zero_copy_only=False))
        train, validation, test = (
            np.flatnonzero(of_surface & (split == part)) for part in ("train", "validation", "test")
        )
        wanted = max(1, labels // _TRAINING_TO_VALIDATION)
        if len(train) < labels or len(validation) < wanted or not len(test):
            raise ConfigError(
                f"a surface with {len(train)} labels to learn from, {len(validation)} to stop by and "
                f"{len(test)} to test on",
                fix=f"ask for fewer than {labels} labels, or of a larger surface",
            )
        parts = {"train": train[-labels:], "validation": validation[:wanted], "test": test}
        for part, rows in parts.items():
            if np.ptp(log.label[rows]) == 0:
                raise ConfigError(
                    f"all labels of the surface's {part} part are alike", fix="take more labels"
                )
        return parts

    def dataset(self, labels: int) -> Dataset:
        """Return the data set of some labels; its encoders know these alone.

        Raises:
            ConfigError: as :meth:`parts`.
        """
        parts = self.parts(labels)
        training = np.zeros(len(self.raw.log), np.bool_)
        training[parts["train"]] = True
        known = tuple(field for field in self.raw.spec(self.frame).fields if not _is_id(field))
        encoders = fit_encoders(RankerSpec(fields=known), self._table, training)
        inputs = encoders.encode(self._table, label_values(self.raw.log.labels))
        age = snapshot_age(self.raw, 0, self.frame)
        return replace(assemble(self.raw, inputs, encoders, age), parts=parts)


def surface_arms(dataset: Dataset) -> list[Arm]:
    """Return the arms of :data:`ARMS`, of a data set of a surface."""

    def arm(name: str) -> Arm:
        fields = [field for field in dataset.encoders.spec.fields if _sees(name, field)]

        def accepted(ranker: Ranker) -> Ranker | None:
            return ranker if ranker.accepts(fields) else None

        names = frozenset(field.name for field in fields)
        return Arm(name, lambda: dataset.inputs.select(names), dataset.parts, accepted)

    return [arm(name) for name in ARMS]


def _sees(arm: str, field: AnyField) -> bool:
    """Return whether an arm has a field."""
    if field.group == FRESH_GROUP:
        # on earlier labels of six genres, trees of 500 to 2,000 labels did better without the vectors
        return arm == "fresh" and field.name.endswith(_SCORES)
    of_users = field.group == "knn" or (field.group == "counts" and field.name.startswith("user_"))
    return arm != "surface" or not of_users


def _is_id(field: AnyField) -> bool:
    """Return whether a field is a learned id: there are too few labels to learn one from."""
    return isinstance(field, CategorySpec) and field.identity
