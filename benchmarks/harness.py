"""Gives every benchmark its clocks, peak memory, the folder of data, and the JSON last line."""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass
class Timing:
    """Holds wall and CPU seconds of a :func:`timed` block; zero until the block ends."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Timing]:
    """Measure the seconds of a ``with`` block, wall clock and CPU (of all threads), filled in at its end."""
    timing = Timing()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield timing
    finally:
        timing.seconds = time.perf_counter() - wall
        timing.cpu_seconds = time.process_time() - cpu


def peak_rss_mb() -> float:
    """Return the most memory this process ever held, in MB (10^6 bytes); it never falls."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def data_folder(dataset: str = "") -> Path:
    """Return where a data set is looked for; ``""``: where all are."""
    return Path(os.environ.get("EMBEDDING_FEATURES_DATA", "../shared/data")) / dataset


def data_root(dataset: str = "") -> Path:
    """Return the folder of ``dataset`` under ``$EMBEDDING_FEATURES_DATA`` (default ``../shared/data``).

    Exits with a plain reason (code 2) when it is absent.
    """
    folder = data_folder(dataset)
    if not folder.is_dir():
        sys.exit(_complain(f"no data at {folder}: set EMBEDDING_FEATURES_DATA to the folder that holds it"))
    return folder


def setting(text: str) -> tuple[str, Any]:
    """Return the name and the value of ``name=value``, a value being YAML: the type of an argument."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not name=value, such as dim=64")
    return name, yaml.safe_load(value)


def emit(result: Mapping[str, Any], as_json: bool) -> None:
    """Print a readable table, then, if ``as_json``, one line of JSON, the last of the output."""
    width = max(map(len, result), default=0)
    for name, value in result.items():
        print(f"{name:<{width}}  {value:.6g}" if isinstance(value, float) else f"{name:<{width}}  {value}")
    if as_json:
        print(json.dumps(dict(result), allow_nan=False), flush=True)


def _complain(message: str) -> int:
    print(message, file=sys.stderr)
    return 2
