"""A trained ranker loaded where it serves, and refused where it does not fit."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

import ranking.modes.submodel  # noqa: F401  a bundle's ranker may be of that kind
from embedding_features.arrays import F32
from embedding_features.errors import BundleError, ConfigError, DataError
from ranking.bundle.fresh_pins import check_fresh_pins
from ranking.bundle.pins import Pin, check_pins
from ranking.bundle.record import AGAIN, ENCODERS, WEIGHTS, BundleRecord, read_record
from ranking.encoders import Encoders, load_encoders
from ranking.inputs.spec import RankerSpec
from ranking.models import FittedRanker


@dataclass(frozen=True)
class Bundle:
    """A trained ranker, ready to score the rows of raw columns.

    Attributes:
        folder: where it lies.
        record: what ``bundle.json`` says of it.
        encoders: from raw columns to inputs.
        fitted: from inputs to scores.
    """

    folder: Path
    record: BundleRecord
    encoders: Encoders
    fitted: FittedRanker

    @property
    def spec(self) -> RankerSpec:
        """The fields that the ranker reads, and their raw columns."""
        return self.encoders.spec

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The published runs that features must come from."""
        return self.record.pins

    @property
    def feature_refs(self) -> list[str]:
        """The features to ask the store for, ``view@vN:feature``, exactly of the runs it was trained on."""
        return [ref for pin in self.pins for ref in pin.refs]

    def score(self, table: pa.Table) -> F32:
        """Return [n] probabilities of label 1.

        Args:
            table: the columns of :meth:`.RankerSpec.columns`: those of the store as it answers to
                :attr:`feature_refs`, and those of the request.

        Raises:
            DataError: when a column is missing or breaks its rule.
            CompatibilityError: when vectors are of another dim than in training.
        """
        scores = self.fitted.predict(self.encoders.encode(table))
        calibration = self.record.calibration
        return scores if calibration is None else calibration.apply(scores)


def load_bundle(folder: Path, repo: Path | None = None) -> Bundle:
    """Load the ranker that :func:`.export_bundle` wrote; it scores the same rows alike, bit by bit.

    Args:
        folder: of the bundle.
        repo: the Feast repository it will serve from; None where it scores tables that are at hand.

    Raises:
        BundleError: when the folder is no whole bundle, or of another format.
        CompatibilityError: when the repository lacks a pinned run, or has another in its place.
    """
    record = read_record(folder)
    if repo is not None:
        # feast takes seconds to import, and scoring a table at hand needs none of it
        from embedding_features.store import list_published

        published = list_published(repo)
        check_pins(record.pins, published)
        check_fresh_pins(record.fresh, published)
    try:
        encoders = load_encoders(folder / ENCODERS)
        fitted = FittedRanker.load(folder / WEIGHTS)
    except (DataError, ConfigError) as error:
        raise BundleError(f"{folder} cannot be loaded: {error.what}", fix=error.fix or AGAIN) from error
    return Bundle(folder, record, encoders, fitted)
