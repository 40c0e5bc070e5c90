"""``bundle.json``: what a bundle says of itself, and whether it is whole.

::

    bundle.json     settings of the ranker, pins, metrics, calibration, fingerprint, SHA-256 of every file
    encoders/       from raw columns to inputs (:mod:`.encoders`)
    weights/        safetensors, or trees as LightGBM writes them, as text
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from embedding_features.config import Config
from embedding_features.errors import BundleError
from embedding_features.records import check_files, seal
from embedding_features.records import read_record as read_json_record
from ranking.bundle.fresh_pins import FreshPin
from ranking.bundle.pins import Pin
from ranking.metrics.calibration import Calibration

RECORD, ENCODERS, WEIGHTS = "bundle.json", "encoders", "weights"
AGAIN = "export the bundle again"


class BundleRecord(Config):
    """Holds what ``bundle.json`` says of a bundle.

    Attributes:
        library_version: of embedding-features, when it was exported.
        ranker: its settings, with its ``kind``.
        pins: the published runs whose features it reads.
        fresh: the published runs whose vectors its fresh figures are made of.
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
    fresh: tuple[FreshPin, ...] = ()
    metrics: dict[str, float]
    calibration: Calibration | None
    data_fingerprint: str
    files: dict[str, str]
    digest: str = ""

    @model_serializer(mode="wrap")
    def _without_nothing(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave ``fresh`` out where it is empty, so that records of before it keep their digests."""
        values: dict[str, Any] = serialize(self)
        if not self.fresh:
            del values["fresh"]
        return values

    def sealed(self) -> "BundleRecord":
        """Return a copy with the digest of everything else in it."""
        return seal(self)


def read_record(folder: Path) -> BundleRecord:
    """The record of a bundle whose files are all there and as they were written.

    Raises:
        BundleError: when the record is missing (there is no bundle, or half of one), cut, of another format
            or altered, or a file is missing or altered.
    """
    record = read_json_record(folder / RECORD, BundleRecord, "bundle", error=BundleError, again=AGAIN)
    check_files(folder, record.files, error=BundleError, again=AGAIN)
    return record
