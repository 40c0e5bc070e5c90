"""What a report tells beside the ablation's figures; the job that ran it knows and passes it in."""

from pydantic import AwareDatetime

from embedding_features.config import Config


class SplitContext(Config):
    """Describes one part of the task's rows: how many, how many of label 1, from when to when."""

    name: str
    rows: int
    positives: int
    first: AwareDatetime
    last: AwareDatetime


class SnapshotContext(Config):
    """Describes one snapshot that features came from.

    Attributes:
        as_of: the moment at which its edges end.
        health: figure → value, as the health gate measured them.
        alignment_residual: relative residual of aligning it to the snapshot before; None for a first one.
    """

    as_of: AwareDatetime
    run_id: str
    space: str
    health: dict[str, float]
    alignment_residual: float | None


class ReportContext(Config):
    """Holds a report's title, task and provenance.

    Attributes:
        task: what is predicted, in a sentence.
        splits: training, validation and test rows.
        snapshots: those that features came from.
        variants: variant → the features it adds, in a few words.
        rankers: ranker → what it is and how it was set, in a few words.
        notes: further sentences on how it was measured.
        command: what to run to get this report again.
        made: when it was made; nothing else in a report depends on the clock.
    """

    title: str
    task: str
    splits: tuple[SplitContext, ...] = ()
    snapshots: tuple[SnapshotContext, ...] = ()
    variants: dict[str, str] = {}
    rankers: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    command: str | None = None
    made: AwareDatetime | None = None
