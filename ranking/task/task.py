"""The settings of a ranking task: a log with a rule for labels, a split by time, and a table of each side."""

from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, Field, model_validator

from embedding_features.config import Config
from embedding_features.sources.source import IdType, Source

#: the two node types of a label, as columns and fields are named after them
Side = Literal["user", "item"]
SIDES: tuple[Side, Side] = ("user", "item")


def other_side(side: Side) -> Side:
    """Return the side that a user, or an item, meets."""
    return "user" if side == "item" else "item"


#: whose pretrained features a field is made of: one side's, or both's
Whose = Literal["user", "item", "both"]

#: the parts of a split, in the order of time
PARTS = ("train", "validation", "test")


def as_source(given: Path | Source) -> Source:
    """Return a source of a path or glob: CSV by its suffix (``.csv``, ``.csv.gz``), else Parquet."""
    if isinstance(given, Source):
        return given
    return Source(csv=str(given)) if ".csv" in given.suffixes else Source(parquet=str(given))


def source_name(given: Path | Source) -> str:
    """Return what errors call a source: its glob, or the beginning of its statement."""
    source = as_source(given)
    return f"{source.parquet or source.csv or source.sql:.80}"


class SideTable(Config):
    """Names a table of one side's features that never change, one row a key (age, genre …)."""

    path: Path | Source
    """A Parquet or CSV file or glob, by its suffix, or a source as a graph's relation has it."""
    key: str
    """The column of ids, of the type the log has."""
    categorical: tuple[str, ...] = ()
    """Columns with one value a row."""
    multivalued: tuple[str, ...] = ()
    """Columns with a list of values a row."""
    continuous: tuple[str, ...] = ()
    """Columns with a number a row."""

    @property
    def source(self) -> Source:
        """Return the table as a source."""
        return as_source(self.path)


class SideSpec(Config):
    """Describes one side of a label: a node type of the graph."""

    node_type: str
    """The entity's name in the feature store; its key is ``<node_type>_id`` there."""
    column: str
    """The log's column of ids, integers or strings."""
    id: IdType | None = None
    """The type of the ids; None takes that of the log's column, which in CSV is text."""
    table: SideTable | None = None
    """Its features that never change; None: it has none."""
    domain: str | None = None
    """A categorical column of the table that says which domain an item belongs to: slices, and alignment."""

    @model_validator(mode="after")
    def _domain_is_there(self) -> "SideSpec":
        if self.domain is not None and (self.table is None or self.domain not in self.table.categorical):
            raise ValueError(f"domain {self.domain!r} is no categorical column of the side's table")
        return self


class LabelRule(Config):
    """Says that a row's label is 1 where ``column >= at_least``, else 0."""

    column: str
    at_least: float


class FractionSplit(Config):
    """Splits by shares: the first share of the rows trains, the next validates, the last tests.

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
    """Splits at moments: rows before ``validation`` train, from there to ``test`` validate, the rest test."""

    validation: AwareDatetime
    test: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> "MomentSplit":
        if self.validation >= self.test:
            raise ValueError(f"validation begins {self.validation}, not before test {self.test}")
        return self


class Task(Config):
    """Describes a ranking task over one log; ``load_config(path, Task)`` reads it from YAML.

    Example:
        >>> task = Task.model_validate({"log": "log.parquet", "label": {"column": "rating", "at_least": 4}})
        >>> task.user.column, task.source.timestamp
        ('user_id', 'timestamp')
    """

    log: Path | Source
    """The interactions: a Parquet or CSV file or glob, by its suffix, or a source as a graph's relation has
    it (``{csv: log.csv, timestamp: at, timezone: UTC}``)."""
    label: LabelRule
    timestamp: str = "timestamp"
    """The log's column of moments, where ``log`` does not name it."""
    user: SideSpec = SideSpec(node_type="user", column="user_id")
    item: SideSpec = SideSpec(node_type="item", column="item_id")
    split: FractionSplit | MomentSplit = FractionSplit()

    def side(self, side: Side) -> SideSpec:
        """Return the description of one side."""
        return self.user if side == "user" else self.item

    @property
    def node_types(self) -> dict[Side, str]:
        """Return side → its node type in graphs and snapshots."""
        return {side: self.side(side).node_type for side in SIDES}

    @property
    def source(self) -> Source:
        """Return the log as a source with a timestamp."""
        source = as_source(self.log)
        return source if source.timestamp else source.model_copy(update={"timestamp": self.timestamp})
