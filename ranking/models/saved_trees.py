"""Trees on disk: LightGBM's own text, and as JSON what it does not hold."""

from pathlib import Path
from typing import NamedTuple

import lightgbm

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
