"""What folds a node into a snapshot from its own events, kept in the snapshot's folder ``fold_in/``.

``fold_in.json`` names the parameters of each node type and purpose, ``fold_in.safetensors`` holds their
arrays. Row r of ``design`` is row r of the other node type's ``<type>_vector.parquet``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from embedding_features.arrays import F32, F64, I64
from embedding_features.config import Config
from embedding_features.errors import SnapshotError
from embedding_features.files import write_atomic
from embedding_features.records import read_record

RECORD, ARRAYS = "fold_in.json", "fold_in.safetensors"

#: ``own``: the vector that fitting the method anew would give the node, for retrieval. ``values``: what the
#: node would give to others (a label, a rating), for ranking
Purpose = Literal["own", "values"]


@dataclass(frozen=True)
class FoldInParameters:
    """Holds the regression by which a node of one type gets z from its events with nodes of another type.

    y_e ~ N(z · x_e, noise) with z ~ N(prior_mean, prior_precision⁻¹); the node's vector is readoutᵀ z, and
    z · x its score of a node. Regularization by frequency (Rendle et al., RecSys 2022) adds ``ridge`` a
    unit of weight to the precision. A projection has no second moments: its z is linear in the events.

    Attributes:
        other: the node type of the other side.
        design: [m, D] x of each node of the other type.
        prior_mean: [p, D]; row 0 is that of a node of which nothing is known.
        prior_precision: [D, D].
        readout: [D, dim] from z to the method's space.
        start: [D] z of a node without events; None: its prior mean.
        prior_rows: [n] row of ``prior_mean`` of each node of this type's own table; None: all 0.
        covariance: [m, D, D] of ``design``; None where it is taken as exact.
        noise: variance of y.
        ridge: added to the precision's diagonal for each unit of an event's weight.
        count_exponent: z is multiplied by the events' total weight to this power.
        known: position of a number of z that is 1; -1 where none is.
        moments: whether events add second moments to the precision; False for a projection.
        values: whether y is the event's value; False: an event of positive value says 1, any other nothing.
        weighted: whether an event weighs as much as its value, and several of one pair add up; else each
            weighs 1, and of several of one pair the last one counts.
    """

    other: str
    design: F32
    prior_mean: F64
    prior_precision: F64
    readout: F64
    start: F64 | None = None
    prior_rows: I64 | None = None
    covariance: F32 | None = None
    noise: float = 1.0
    ridge: float = 0.0
    count_exponent: float = 0.0
    known: int = -1
    moments: bool = True
    values: bool = True
    weighted: bool = False

    @classmethod
    def projection(cls, other: str, design: F32, own: F32, count_exponent: float = 0.0) -> "FoldInParameters":
        """Return the parameters by which z is the sum of ``design`` over a node's events.

        Args:
            other: the node type of the other side.
            design: [m, dim] what each of its nodes adds.
            own: [n, dim] this side's vectors, whose mean a node without events has.
            count_exponent: power of the events' total weight that the sum is multiplied by.
        """
        dim = design.shape[1]
        return cls(
            other=other,
            design=design,
            prior_mean=np.zeros((1, dim)),
            prior_precision=np.eye(dim),
            readout=np.eye(dim),
            start=own.mean(axis=0, dtype=np.float64),
            count_exponent=count_exponent,
            moments=False,
            values=False,
        )

    def rotated(self, rotation: F64) -> "FoldInParameters":
        """Return the parameters for vectors that were multiplied by an orthogonal ``rotation`` [dim, dim]."""
        return replace(self, readout=self.readout @ rotation)


#: node type → purpose → parameters
FoldIns = Mapping[str, Mapping[Purpose, FoldInParameters]]

_ARRAYS = {
    "design": np.float32,
    "prior_mean": np.float64,
    "prior_precision": np.float64,
    "readout": np.float64,
    "start": np.float64,
    "prior_rows": np.int64,
    "covariance": np.float32,
}


class _Numbers(Config):
    """Holds all of :class:`FoldInParameters` that is no array."""

    other: str
    noise: float
    ridge: float
    count_exponent: float
    known: int
    moments: bool
    values: bool
    weighted: bool


class _Record(Config):
    """Holds what ``fold_in.json`` says: node type → purpose → numbers."""

    format: Literal[1] = 1
    sides: dict[str, dict[Purpose, _Numbers]]


def write_fold_ins(fold_ins: FoldIns, folder: Path) -> None:
    """Write the parameters of all node types and purposes into ``folder``, which is made."""
    arrays: dict[str, np.ndarray] = {}
    sides: dict[str, dict[Purpose, _Numbers]] = {}
    for node_type, purposes in fold_ins.items():
        for purpose, parameters in purposes.items():
            numbers = {name: getattr(parameters, name) for name in _Numbers.model_fields}
            sides.setdefault(node_type, {})[purpose] = _Numbers(**numbers)
            for name, dtype in _ARRAYS.items():
                value = getattr(parameters, name)
                if value is not None:
                    arrays[f"{node_type}/{purpose}/{name}"] = np.ascontiguousarray(value, dtype)
    folder.mkdir()
    write_atomic(folder / ARRAYS, safetensors.numpy.save(arrays))
    write_atomic(folder / RECORD, _Record(sides=sides).model_dump_json(indent=1).encode())


def read_fold_ins(folder: Path) -> FoldIns:
    """Return what :func:`write_fold_ins` wrote.

    Raises:
        SnapshotError: when a file is missing or malformed, or an array is not of the shape that it must be.
    """
    again = "publish the snapshot again"
    record = read_record(folder / RECORD, _Record, "fold-in", error=SnapshotError, again=again)
    try:
        arrays = safetensors.numpy.load_file(folder / ARRAYS)
        return {
            node_type: {
                purpose: _parameters(numbers, arrays, f"{node_type}/{purpose}")
                for purpose, numbers in purposes.items()
            }
            for node_type, purposes in record.sides.items()
        }
    except (OSError, SafetensorError, TypeError, ValueError, AttributeError) as error:
        raise SnapshotError(f"{folder} cannot be read: {error}", fix=again) from None


def _parameters(numbers: _Numbers, arrays: Mapping[str, np.ndarray], prefix: str) -> FoldInParameters:
    values: dict[str, Any] = {name: arrays.get(f"{prefix}/{name}") for name in _ARRAYS}
    return _checked(FoldInParameters(**numbers.model_dump(), **values))


def _checked(parameters: FoldInParameters) -> FoldInParameters:
    """Return the parameters, whose arrays compiled kernels may trust.

    Raises:
        ValueError: when a shape is another one.
    """
    (nodes, dim), own = parameters.design.shape, parameters.prior_rows
    sound = (
        parameters.prior_mean.shape[1:] == (dim,)
        and len(parameters.prior_mean) > 0
        and parameters.prior_precision.shape == (dim, dim)
        and parameters.readout.shape[:1] == (dim,)
        and (parameters.start is None or parameters.start.shape == (dim,))
        and (parameters.covariance is None or parameters.covariance.shape == (nodes, dim, dim))
        and -1 <= parameters.known < dim
        and (own is None or len(own) == 0 or (own.min() >= 0 and own.max() < len(parameters.prior_mean)))
    )
    if not sound:
        shapes = {n: np.shape(getattr(parameters, n)) for n in _ARRAYS}
        raise ValueError(f"arrays of shapes {shapes} do not go together")
    return parameters
