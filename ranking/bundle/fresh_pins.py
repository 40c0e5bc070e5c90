"""Fresh pins: the published runs whose vectors a ranker's fresh figures are made of, and by which recipes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from embedding_features.artifact import Space, check_space
from embedding_features.config import Config
from embedding_features.errors import CompatibilityError
from embedding_features.fresh import FreshSeries, fresh_prefix
from ranking.bundle.pins import newest_runs

if TYPE_CHECKING:
    # feast takes seconds to import, and a bundle that is loaded beside no repository needs none of it
    from embedding_features.store import Published


class FreshPin(Config):
    """Names the run that fresh figures of one family and node type are made with.

    Attributes:
        family: of the run.
        node_type: whose events they are made of.
        other: the node type that events are with.
        run_id: of the snapshot; the newest one that training could see.
        version: of the run in its family.
        space: of its vectors.
        recipes: that make the figures.
        last: newest events of a node that count.
    """

    family: str
    node_type: str
    other: str
    run_id: str
    version: int
    space: Space
    recipes: tuple[str, ...]
    last: int

    def __str__(self) -> str:
        return f"fresh {self.node_type} figures by run {self.run_id} in {self.space}"


def make_fresh_pins(
    columns: Sequence[str], series: Sequence[FreshSeries], published: Sequence["Published"]
) -> tuple[FreshPin, ...]:
    """Return pins of the fresh figures among raw columns to the newest run of each family.

    Args:
        columns: raw columns that the ranker reads.
        series: what made its fresh figures in training.
        published: the runs that training features came from.

    Raises:
        CompatibilityError: when a family has no published run.
    """
    newest, pins = newest_runs(published), list[FreshPin]()
    for one in series:
        prefix = fresh_prefix(one.family, one.node_type)
        if not any(column.startswith(prefix) for column in columns):
            continue
        run = newest.get(one.family)
        if run is None:
            raise CompatibilityError(
                f"fresh figures of {one.family!r}, and no run of it is published",
                fix="name the runs that the training features came from",
            )
        pins.append(
            FreshPin(
                family=one.family,
                node_type=one.node_type,
                other=one.other,
                run_id=run.manifest.run_id,
                version=run.version,
                space=run.manifest.space,
                recipes=tuple(one.recipes),
                last=one.last,
            )
        )
    return tuple(pins)


def check_fresh_pins(pins: Sequence[FreshPin], published: Sequence["Published"]) -> None:
    """Check that a repository has the runs that fresh figures are made with, and they what these need.

    Raises:
        CompatibilityError: naming the pin and what is there instead.
    """
    for pin in pins:
        run = next((run for run in published if run.manifest.run_id == pin.run_id), None)
        if run is None:
            there = sorted({run.family for run in published}) or "none"
            raise CompatibilityError(
                f"the bundle needs {pin}; the repository has no such run, its families: {there}",
                fix=f"publish the run {pin.run_id} into it, or name another repository",
            )
        check_space(pin.space, run.manifest.space)
        series = FreshSeries.read([run.snapshot], pin.node_type, pin.recipes, pin.last)
        lacking = sorted(set(pin.recipes) - set(series.recipes))
        if lacking:
            raise CompatibilityError(
                f"the bundle needs {pin}; the run has not what {', '.join(lacking)} is made of",
                fix="publish the run anew, by this version of the library",
            )
