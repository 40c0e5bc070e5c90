"""Trees on disk: LightGBM's own text, and as JSON their columns and their sigmoid; Platt's fit of it."""

from pathlib import Path
from typing import NamedTuple

import lightgbm
import numpy as np

from embedding_features.arrays import F32, F64
from embedding_features.config import Config
from embedding_features.errors import DataError
from embedding_features.files import write_atomic

MODEL, ABOUT = "model.txt", "trees.json"


class Trees(NamedTuple):
    """``booster``, the codes of each bag that have a column, and slope and offset of Platt's sigmoid."""

    booster: lightgbm.Booster
    columns: dict[str, tuple[int, ...]]
    calibration: tuple[float, float] | None


class _About(Config):
    columns: dict[str, tuple[int, ...]]
    calibration: tuple[float, float] | None


def write_trees(folder: Path, trees: Trees) -> None:
    """Write ``model.txt`` and ``trees.json``."""
    write_atomic(folder / MODEL, trees.booster.model_to_string(num_iteration=-1).encode())
    about = _About(columns=trees.columns, calibration=trees.calibration)
    write_atomic(folder / ABOUT, (about.model_dump_json(indent=1) + "\n").encode())


def read_trees(folder: Path) -> Trees:
    """The trees as they were written.

    Raises:
        DataError: when a file is missing or damaged.
    """
    try:
        about = _About.model_validate_json((folder / ABOUT).read_bytes())
        text = (folder / MODEL).read_text(encoding="utf-8")
        if not text.rstrip().endswith("end of parameters") and "pandas_categorical" not in text:
            raise ValueError(f"{MODEL} ends too early")
        booster = lightgbm.Booster(model_str=text)
    except FileNotFoundError as error:
        raise DataError(f"{error.filename} is missing", fix="save the ranker again") from None
    except (ValueError, lightgbm.basic.LightGBMError) as error:
        raise DataError(f"the trees in {folder} are damaged: {error}", fix="save the ranker again") from None
    return Trees(booster, about.columns, about.calibration)


#: Newton's steps end below this change of the coefficients
PRECISION = 1e-8


def platt(scores: F64, label: F32) -> tuple[float, float]:
    """a, b of σ(a s + b), fitted by maximum likelihood (Platt, Probabilistic Outputs for Support Vector
    Machines, 1999), its targets drawn in as there, so that separable scores have a finite fit.
    """
    positive = float((label > 0.5).sum())
    high, low = (positive + 1) / (positive + 2), 1 / (len(label) - positive + 2)
    target = np.where(label > 0.5, high, low)
    spread = float(scores.std()) or 1.0
    design = np.stack([scores / spread, np.ones(len(scores))], axis=1)
    weights = np.array([0.0, np.log((positive + 1) / (len(label) - positive + 1))])
    for _ in range(100):
        p = 1 / (1 + np.exp(-design @ weights))
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (p - target))
        step /= max(1.0, float(np.abs(step).max()) / 2)  # a damped step keeps far starts stable
        weights = weights - step
        if np.abs(step).max() < PRECISION:
            break
    return float(weights[0]) / spread, float(weights[1])
