"""Decides which rows are run, and runs them."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.catalogue.fit import fit_apart
from benchmarks.catalogue.kept import FOLDER, Kept, Version, changes, load, save, summary, version
from benchmarks.catalogue.rows import Row
from embedding_features.errors import DataError, EmbeddingFeaturesError


@dataclass(frozen=True)
class Wish:
    """Says what a call of the catalogue wants.

    Attributes:
        seeds: how many fits a row has; None: as many as the row says.
        rerun: whether rows are run that hold still.
        kept: whether rows are shown as they were kept, and none is run.
        folder: of kept rows.
    """

    seeds: int | None = None
    rerun: bool = False
    kept: bool = False
    folder: Path = FOLDER

    def seeds_of(self, row: Row) -> tuple[int, ...]:
        """Return the seeds of a row's fits."""
        return tuple(range(row.seeds if self.seeds is None else self.seeds))


@dataclass(frozen=True)
class Shown:
    """A row, what is kept of it, and how that came about.

    ``status`` is ``kept``, ``run``, ``confirmed`` (other code, whose first seed gave the kept figures), or
    ``missing``, ``stale``, ``skipped``, ``failed`` and why.
    """

    row: Row
    kept: Kept | None
    status: str


def show(row: Row, wish: Wish) -> Shown:
    """Return a row as it was kept, or run it where it is missing or something has changed."""
    kept, seeds = load(row, wish.folder), wish.seeds_of(row)
    try:
        now = version(row)
    except DataError as error:
        return _without_data(row, kept, wish, error)
    reasons = ["never run"] if kept is None else changes(row, kept, now, seeds)
    if wish.kept or not (reasons or wish.rerun):
        status = "kept" if not reasons else "missing" if kept is None else f"stale: {', '.join(reasons)}"
        return Shown(row, kept, status)
    try:
        measured, status = _again(row, kept if reasons == ["code"] else None, now, seeds)
    except EmbeddingFeaturesError as error:
        return Shown(row, kept, f"failed: {error}")
    save(row, measured, wish.folder)
    return Shown(row, measured, status)


def _again(row: Row, before: Kept | None, now: Version, seeds: Sequence[int]) -> tuple[Kept, str]:
    """Run a row; of one that has other code than ``before``, no more than the first seed if that agrees."""
    first = _fit(row, seeds[0])
    if before is not None and first["figures"] == {name: each[0] for name, each in before.figures.items()}:
        return before.model_copy(update={"code": now.code}), "confirmed"
    return measure(row, now, seeds, [first, *(_fit(row, seed) for seed in seeds[1:])]), "run"


def _fit(row: Row, seed: int) -> dict[str, Any]:
    """Fit and judge apart, and say what came out."""
    found = fit_apart(row, seed)
    reached = "  ".join(f"{name} {found['figures'][name]:.4f}" for name in row.metrics)
    print(f"{row.key}  seed {seed}  {reached}  in {found['seconds']:.0f} s", file=sys.stderr, flush=True)
    return found


def _without_data(row: Row, kept: Kept | None, wish: Wish, error: DataError) -> Shown:
    """Return a row as it was kept, if all else that it is made of is as it was."""
    if kept is None:
        return Shown(row, None, f"skipped: {error.what}")
    reasons = changes(row, kept, version(row, with_data=False), wish.seeds_of(row))
    if reasons and not wish.kept:
        return Shown(row, kept, f"skipped, and stale: {', '.join(reasons)}; {error.what}")
    return Shown(row, kept, f"stale: {', '.join(reasons)}" if reasons else "kept")


def measure(row: Row, now: Version, seeds: Sequence[int], results: Sequence[Mapping[str, Any]]) -> Kept:
    """Return the row that the results of its seeds make."""
    figures = {name: tuple(one["figures"][name] for one in results) for name in results[0]["figures"]}
    mean, spread = summary(figures)
    return Kept(
        method=row.name,
        family=row.family,
        data=row.data,
        settings=row.settings,
        composition=now.composition,
        code=now.code,
        data_hash=now.data or "",
        seeds=tuple(seeds),
        figures=figures,
        mean=mean,
        spread=spread,
        seconds=sum(one["seconds"] for one in results) / len(results),
        cpu_seconds=sum(one["cpu_seconds"] for one in results) / len(results),
        peak_mb=max(one["peak_mb"] for one in results),
        threads=row.threads,
        cores=os.cpu_count() or 1,
        date=datetime.now(UTC).date().isoformat(),
        published=row.published,
        floors=row.floors,
    )
