"""``bundle.json``: what a bundle says of itself, and whether it is whole.

::

    bundle.json     settings of the ranker, pins, metrics, calibration, fingerprint, SHA-256 of every file
    encoders/       from raw columns to inputs (:mod:`.encoders`)
    weights/        safetensors, or trees as LightGBM writes them, as text
"""

import json
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from embedding_features.config import Config, config_hash, parse_config
from embedding_features.errors import BundleError, ConfigError
from embedding_features.files import sha256_file
from ranking.bundle.pins import Pin
from ranking.metrics.calibration import Calibration

RECORD, ENCODERS, WEIGHTS = "bundle.json", "encoders", "weights"
AGAIN = "export the bundle again"


class BundleRecord(Config):
    """What ``bundle.json`` holds.

    Attributes:
        library_version: of embedding-features, when it was exported.
        ranker: its settings, with its ``kind``.
        pins: the published runs whose features it reads.
        metrics: by name, as the one who exported it measured them.
        calibration: of its scores; None where they are served as they are.
        data_fingerprint: of the training inputs (:meth:`.Inputs.fingerprint`).
        files: each other file of the folder → its SHA-256.
        digest: hash of everything else in here.
    """

    format: Literal[1] = 1
    library_version: str
    ranker: dict[str, Any]
    pins: tuple[Pin, ...]
    metrics: dict[str, float]
    calibration: Calibration | None
    data_fingerprint: str
    files: dict[str, str]
    digest: str = ""

    def sealed(self) -> "BundleRecord":
        """The same with its digest."""
        digest = config_hash(self.model_dump(mode="json", exclude={"digest"}))
        return self.model_copy(update={"digest": digest})


def read_record(folder: Path) -> BundleRecord:
    """The record of a bundle whose files are all there and as they were written.

    Raises:
        BundleError: when the record is missing (there is no bundle, or half of one), cut, of another format
            or altered, or a file is missing or altered.
    """
    path = folder / RECORD
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise BundleError(f"no bundle at {folder}: {RECORD} is missing", fix="check the path") from None
    except (ValueError, OSError) as error:
        raise BundleError(f"{path} cannot be read: {error}", fix=AGAIN) from None
    found = data.get("format") if isinstance(data, dict) else None
    if found != 1:
        raise BundleError(
            f"{path} is of format {found!r}, this library reads format 1",
            fix="use the version of embedding-features that exported it",
        )
    try:
        record = parse_config(data, BundleRecord, str(path))
    except ConfigError as error:
        raise BundleError(error.what, fix=AGAIN) from None
    if record.sealed() != record:
        raise BundleError(f"{path} was altered: its digest differs", fix=AGAIN)
    for name, expected in record.files.items():
        _check_file(folder, name, expected)
    return record


def _check_file(folder: Path, name: str, expected: str) -> None:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or parts[0] == "/":
        raise BundleError(f"{folder / RECORD} names the file {name!r} outside its folder", fix=AGAIN)
    if not (folder / name).is_file():
        raise BundleError(f"{folder} lacks the file {name}", fix=AGAIN)
    if (found := sha256_file(folder / name)) != expected:
        raise BundleError(
            f"{folder / name} is not the file that was written: its SHA-256 is {found}, not {expected}",
            fix=AGAIN,
        )
