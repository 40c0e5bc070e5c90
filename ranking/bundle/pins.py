"""Pins: the published runs that a ranker's features come from, and whether a repository has them."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from embedding_features.artifact import CodebookRecord, Kind, Space, check_codebooks, check_space
from embedding_features.artifact.kinds import KINDS
from embedding_features.config import Config
from embedding_features.errors import CompatibilityError

if TYPE_CHECKING:
    # feast takes seconds to import, and a bundle that is loaded beside no repository needs none of it
    from embedding_features.store import Published

_GRAPH_COLUMN = re.compile(rf"(\w+_(?:{'|'.join(KINDS)}))(?:@v\d+)?__(\w+)")


class Pin(Config):
    """Names the view of a published run that some of a ranker's features come from.

    Attributes:
        view: name of the view.
        version: N of ``view@vN``.
        run_id: of the snapshot; the newest one that training could see.
        node_type: whose features they are.
        kind: of the view's table.
        features: those of the view that the ranker reads.
        space: the space in which its vectors and codes mean something.
        codebooks: those that its features refer to.
    """

    view: str
    version: int
    run_id: str
    node_type: str
    kind: Kind
    features: tuple[str, ...]
    space: Space
    codebooks: tuple[CodebookRecord, ...]

    @property
    def refs(self) -> list[str]:
        """Each feature as ``view@vN:feature``."""
        return [f"{self.view}@v{self.version}:{feature}" for feature in self.features]

    def __str__(self) -> str:
        return f"{self.view}@v{self.version} of run {self.run_id} in {self.space}"


def make_pins(columns: Sequence[str], published: Sequence["Published"]) -> tuple[Pin, ...]:
    """Return pins of the graph features among raw columns to the newest run of each family.

    Args:
        columns: raw columns that the ranker reads.
        published: the runs that training features came from.

    Raises:
        CompatibilityError: when a column is of a view that no newest run has.
    """
    features: dict[str, list[str]] = {}
    for column in columns:
        if match := _GRAPH_COLUMN.fullmatch(column):
            features.setdefault(match[1], []).append(match[2])
    newest = newest_runs(published)
    views = {
        run.view_name(node_type, kind): (run, node_type, kind)
        for run in newest.values()
        for node_type, kind in run.snapshot.tables
    }
    missing = sorted(features.keys() - views.keys())
    if missing:
        raise CompatibilityError(
            f"the ranker reads the views {missing}, the published runs have {sorted(views)}",
            fix="name the runs that the training features came from",
        )
    return tuple(_pin(view, *views[view], names) for view, names in features.items())


def newest_runs(published: Sequence["Published"]) -> dict[str, "Published"]:
    """Return family → its newest run."""
    return {run.family: run for run in sorted(published, key=lambda run: run.version)}


def _pin(view: str, run: "Published", node_type: str, kind: Kind, features: Sequence[str]) -> Pin:
    made = run.manifest
    return Pin(
        view=view,
        version=run.version,
        run_id=made.run_id,
        node_type=node_type,
        kind=kind,
        features=tuple(features),
        space=made.space,
        codebooks=tuple(
            book
            for book in made.codebooks
            if (book.node_type, book.kind) == (node_type, kind) and book.column in features
        ),
    )


def check_pins(pins: Sequence[Pin], published: Sequence["Published"]) -> None:
    """Check that a repository serves the runs that a ranker was trained on.

    Raises:
        CompatibilityError: naming the pin and what is there instead: no run of its family or version, one in
            another space (version, dim, metric), by other codebooks, without its view or feature, or another
            run.
    """
    for pin in pins:
        family = {run.version: run for run in published if run.family == pin.space.family}
        if not family:
            there = sorted({run.family for run in published}) or "none"
            raise CompatibilityError(
                f"the bundle needs {pin}; the repository has published no run of {pin.space.family!r}, its "
                f"families: {there}",
                fix=f"publish the run {pin.run_id} into it, or name another repository",
            )
        found = family.get(pin.version, family[max(family)])
        check_space(pin.space, found.manifest.space)
        check_codebooks(pin.codebooks, found.manifest.codebooks)
        _check_view(pin, found)
        if (found.version, found.manifest.run_id) != (pin.version, pin.run_id):
            raise CompatibilityError(
                f"the bundle needs {pin}; the repository has versions {sorted(family)}, of which "
                f"v{found.version} is run {found.manifest.run_id}",
                fix=f"publish the run {pin.run_id} as it was, or train again on {found.manifest.run_id}",
            )


def _check_view(pin: Pin, found: "Published") -> None:
    tables = found.snapshot.tables
    has: list[str] = []
    if (pin.node_type, pin.kind) in tables:
        has = pq.read_schema(found.snapshot.path(pin.node_type, pin.kind)).names
    lacking = [feature for feature in pin.features if feature not in has]
    if lacking:
        raise CompatibilityError(
            f"the bundle needs {pin} with {list(pin.features)}; run {found.manifest.run_id} lacks {lacking}, "
            f"its views are of {', '.join(' '.join(table) for table in tables)}",
            fix="derive and publish the view again, or train without it",
        )
