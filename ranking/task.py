"""What a ranker is asked to predict: labels from a log, how time splits them, what is known of each side."""

from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, model_validator

from embedding_features.config import Config

#: the two node types of a label, as columns and fields are named after them
Side = Literal["user", "item"]
SIDES: tuple[Side, Side] = ("user", "item")

#: whose features: one side's, or what takes both
Whose = Literal["user", "item", "both"]

#: the parts of a split, in the order of time
PARTS = ("train", "validation", "test")


class SideTable(Config):
    """Features of one side that never change, one row a key (age, genre …)."""

    path: Path
    """A Parquet file or glob."""
    key: str
    """The column of ids, of the type the log has."""
    categorical: tuple[str, ...] = ()
    """Columns of one value a row."""
    multivalued: tuple[str, ...] = ()
    """Columns of a list of values a row."""
    continuous: tuple[str, ...] = ()
    """Columns of a number a row."""


class SideSpec(Config):
    """One side of a label: a node type of the graph."""

    node_type: str
    """The entity's name in the feature store; its key is ``<node_type>_id`` there."""
    column: str
    """The log's column of ids, integers or strings."""
    table: SideTable | None = None
    domain: str | None = None
    """A categorical column of the table that says which domain an item belongs to: slices, and alignment."""

    @model_validator(mode="after")
    def _domain_is_there(self) -> "SideSpec":
        if self.domain is not None and (self.table is None or self.domain not in self.table.categorical):
            raise ValueError(f"domain {self.domain!r} is no categorical column of the side's table")
        return self


class LabelRule(Config):
    """A row's label is 1 where ``column >= at_least``, else 0."""

    column: str
    at_least: float


class FractionSplit(Config):
    """The first share of the rows trains, the next validates, the last tests.

    The two borders are moments: rows of one moment stay together, so shares are met up to ties.
    """

    train: float = Field(default=0.8, gt=0, lt=1)
    validation: float = Field(default=0.1, gt=0, lt=1)

    @model_validator(mode="after")
    def _leaves_a_test(self) -> "FractionSplit":
        if self.train + self.validation >= 1:
            raise ValueError(f"train {self.train} and validation {self.validation} leave nothing to test on")
        return self


class MomentSplit(Config):
    """Rows before ``validation`` train, from there to before ``test`` validate, the rest test."""

    validation: AwareDatetime
    test: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> "MomentSplit":
        if self.validation >= self.test:
            raise ValueError(f"validation begins {self.validation}, not before test {self.test}")
        return self


class Task(Config):
    """A ranking task over one log; ``load_config(path, Task)`` reads it from YAML."""

    log: Path
    """The interactions: a Parquet file or glob."""
    label: LabelRule
    timestamp: str = "timestamp"
    """The log's column of moments, with a time zone."""
    user: SideSpec = SideSpec(node_type="user", column="user_id")
    item: SideSpec = SideSpec(node_type="item", column="item_id")
    split: FractionSplit | MomentSplit = FractionSplit()

    def side(self, side: Side) -> SideSpec:
        return self.user if side == "user" else self.item
