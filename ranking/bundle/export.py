"""The export of a trained ranker as a bundle: a folder, whole or not at all."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from embedding_features.errors import CompatibilityError, DataError
from embedding_features.files import atomic_folder, sha256_file
from embedding_features.fresh import FreshSeries
from ranking.bundle.bundle import Bundle
from ranking.bundle.fresh_pins import make_fresh_pins
from ranking.bundle.pins import Pin, make_pins
from ranking.bundle.record import ENCODERS, RECORD, WEIGHTS, BundleRecord
from ranking.encoders import Encoders, save_encoders
from ranking.inputs.field_specs import VectorSpec
from ranking.metrics.calibration import Calibration
from ranking.models import FittedRanker

if TYPE_CHECKING:
    from embedding_features.store import Published


def export_bundle(
    folder: Path,
    fitted: FittedRanker,
    encoders: Encoders,
    *,
    published: Sequence["Published"],
    data_fingerprint: str,
    metrics: Mapping[str, float],
    calibration: Calibration | None = None,
    fresh: Sequence[FreshSeries] = (),
) -> Bundle:
    """Write a bundle, whole or not at all.

    Args:
        folder: where the bundle is made; it must not exist.
        fitted: the trained ranker.
        encoders: of the fields the ranker was fitted on, as ``dataset.encoders.select(groups)`` has them.
        published: the runs that the training features came from.
        data_fingerprint: of the training inputs (:meth:`.Inputs.fingerprint`).
        metrics: name → figure, as the caller measured them.
        fresh: what made the fresh figures among the features.
        calibration: applied to the ranker's scores when it serves; None serves them as they are.

    Raises:
        DataError: when ranker and encoders are of different fields.
        CompatibilityError: when the runs lack a view of the spec, or are of another dim than the vectors.
        SnapshotError: when ``folder`` exists.
    """
    empty = pa.table({column: pa.nulls(0) for column in encoders.spec.columns()})
    if encoders.encode(empty).layout() != fitted.layout:
        raise DataError(
            "the encoders are not of the fields the ranker was fitted on",
            fix="select the groups of the ranker's variant from the data set's encoders",
        )
    pins = make_pins(encoders.spec.columns(), published)
    fresh_pins = make_fresh_pins(encoders.spec.columns(), fresh, published)
    _check_dims(encoders, pins)
    with atomic_folder(folder, folder.parent / ".staging") as made:
        save_encoders(encoders, made / ENCODERS)
        (made / WEIGHTS).mkdir()
        fitted.save(made / WEIGHTS)
        paths = [path for path in sorted(made.rglob("*")) if path.is_file()]
        record = BundleRecord(
            library_version=version("embedding-features"),
            ranker=fitted.ranker.model_dump(mode="json"),
            pins=pins,
            fresh=fresh_pins,
            metrics=dict(metrics),
            calibration=calibration,
            data_fingerprint=data_fingerprint,
            files={path.relative_to(made).as_posix(): sha256_file(path) for path in paths},
        ).sealed()
        (made / RECORD).write_text(record.model_dump_json(indent=1), encoding="utf-8")
    return Bundle(folder, record, encoders, fitted)


def _check_dims(encoders: Encoders, pins: Sequence[Pin]) -> None:
    dims = {f"{pin.view}__vector": pin for pin in pins if pin.kind == "vector"}
    for field in encoders.spec.fields:
        pin = dims.get(field.column) if isinstance(field, VectorSpec) else None
        dim = encoders.shapes[field.name].get("dim")
        if pin is not None and dim != pin.space.dim:
            raise CompatibilityError(
                f"{field.name} was trained on vectors of dim {dim}, the newest run is {pin}",
                fix="name the runs that the training features came from",
            )
