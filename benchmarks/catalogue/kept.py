"""Kept rows: one JSON file each, with all that says whether its figures still hold."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.catalogue.data.manifest import READERS, data_hash
from benchmarks.catalogue.rows import Row
from benchmarks.catalogue.sources import row_code
from embedding_features.config import Config, config_hash, parse_config
from embedding_features.files import write_atomic

FOLDER = Path(__file__).parents[1] / "results"


class Kept(Config):
    """A row as it was measured.

    Attributes:
        method: of a method or a baseline, and the variant after a dot.
        family: under which it is listed.
        data: name of the data set.
        settings: parameters that are not the method's defaults.
        composition: SHA-256 of the resolved composition and the judge's settings.
        code: SHA-256 of the code that the figures depend on.
        data_hash: SHA-256 of the data set's manifest.
        seeds: of the fits.
        figures: figure → one of each seed.
        mean: figure → mean over seeds.
        spread: figure → standard deviation over seeds, their number less 1 below; None for one seed.
        seconds: wall time of a fit, mean over seeds.
        cpu_seconds: likewise, of all threads.
        peak_mb: most memory that a process held up to the end of its fit, the largest, in 10^6 bytes.
        threads: of a fit.
        cores: of the machine.
        date: when it was measured.
        published: figure → what was published.
        floors: figure → what it must reach.
    """

    method: str
    family: str
    data: str
    settings: Mapping[str, Any]
    composition: str
    code: str
    data_hash: str
    seeds: tuple[int, ...]
    figures: Mapping[str, tuple[float, ...]]
    mean: Mapping[str, float]
    spread: Mapping[str, float | None]
    seconds: float
    cpu_seconds: float
    peak_mb: float
    threads: int
    cores: int
    date: str
    published: Mapping[str, float]
    floors: Mapping[str, float]


@dataclass(frozen=True)
class Version:
    """Holds the hashes by which a kept row is known to hold still; ``data`` is None without the data."""

    composition: str
    code: str
    data: str | None


def version(row: Row, *, with_data: bool = True) -> Version:
    """Return the version of what a row is made of now.

    Raises:
        ConfigError: when there is no such method, or it refuses the settings.
        DataError: when the data set is not there.
    """
    made = row.make()
    settings = {"method": made.model_dump(mode="json"), "judge": row.judge.model_dump(mode="json")}
    code = row_code(made, row.judge, READERS[row.data])
    return Version(config_hash(settings), code, data_hash(row.data) if with_data else None)


def changes(row: Row, kept: Kept, now: Version, seeds: tuple[int, ...]) -> list[str]:
    """Return what is no longer as it was when the row was measured."""
    pairs = {
        "settings": (kept.composition, now.composition),
        "code": (kept.code, now.code),
        "data": (kept.data_hash, now.data or kept.data_hash),
        "seeds": (kept.seeds, seeds),
        "threads": (kept.threads, row.threads),
    }
    return [name for name, (before, after) in pairs.items() if before != after]


def summary(figures: Mapping[str, tuple[float, ...]]) -> tuple[dict[str, float], dict[str, float | None]]:
    """Return the means and the standard deviations of figures over seeds."""
    mean = {name: float(np.mean(each)) for name, each in figures.items()}
    spread = {name: float(np.std(each, ddof=1)) if len(each) > 1 else None for name, each in figures.items()}
    return mean, spread


def load(row: Row, folder: Path = FOLDER) -> Kept | None:
    """Return a row as it was kept; None where it never was.

    Raises:
        ConfigError: when its file is not one of a kept row.
    """
    path = folder / f"{row.key}.json"
    if not path.exists():
        return None
    return parse_config(json.loads(path.read_text(encoding="utf-8")), Kept, str(path))


def save(row: Row, kept: Kept, folder: Path = FOLDER) -> None:
    """Write a row's file, whole or not at all."""
    write_atomic(folder / f"{row.key}.json", (kept.model_dump_json(indent=1) + "\n").encode())
