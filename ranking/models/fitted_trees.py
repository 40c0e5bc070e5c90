"""Fitted trees: their scores, what each field adds to them, and their files."""

from pathlib import Path
from typing import Any, NamedTuple

import lightgbm
import numpy as np
from typing_extensions import override

from embedding_features.arrays import F32, F64, AnyArray
from embedding_features.config import Config
from embedding_features.errors import DataError
from embedding_features.files import write_atomic
from ranking.inputs.inputs import Inputs
from ranking.models.base import FittedRanker, Ranker
from ranking.models.design import design_matrix, field_widths
from ranking.models.lightgbm_threads import THREAD_COUNT

MODEL, ABOUT = "model.txt", "trees.json"


class Trees(NamedTuple):
    """Holds trees and how their inputs and outputs are read.

    Attributes:
        booster: LightGBM's trees.
        columns: bag → the codes that have a column of the design matrix.
        calibration: slope and offset of :func:`.platt`; None where the trees give log odds.
    """

    booster: lightgbm.Booster
    columns: dict[str, tuple[int, ...]]
    calibration: tuple[float, float] | None


def trees_say(booster: lightgbm.Booster, matrix: AnyArray, rounds: int, threads: int, **asked: bool) -> F64:
    """Return LightGBM's predictions for the rows of a matrix.

    Args:
        booster: the trees.
        matrix: [n, columns] design matrix.
        rounds: how many of the trees.
        threads: of LightGBM.
        asked: what is asked for in place of log odds or probabilities, in LightGBM's words.
    """
    with THREAD_COUNT.of(threads):
        said: F64 = booster.predict(matrix, num_iteration=rounds, num_threads=threads, **asked)
    return said


class FittedLightGBM(FittedRanker):
    """Scores inputs with trees up to the best round."""

    def __init__(
        self, ranker: Ranker, layout: tuple[tuple[Any, ...], ...], rounds: int, trees: Trees, threads: int
    ) -> None:
        super().__init__(ranker, layout, rounds)
        self.trees = trees
        self.threads = threads

    @override
    def _predict(self, inputs: Inputs) -> F32:
        scores = self._booster(inputs)
        if self.trees.calibration is not None:
            slope, offset = self.trees.calibration
            scores = 1 / (1 + np.exp(-(slope * scores + offset)))
        return np.asarray(scores, np.float32)

    def contributions(self, inputs: Inputs) -> F64:
        """Return [n, fields] what each field adds to a row's log odds: its columns' SHAP values, summed.

        Lundberg et al., From local explanations to global understanding with explainable AI for trees, Nature
        Machine Intelligence 2020.
        """
        shap = self._booster(inputs, pred_contrib=True)[:, :-1]
        ends = np.cumsum(field_widths(inputs, self.trees.columns))
        running = np.concatenate([np.zeros((len(inputs), 1)), np.cumsum(shap, axis=1)], axis=1)
        by_field: F64 = np.diff(running[:, np.concatenate([[0], ends])], axis=1)
        return by_field

    def _booster(self, inputs: Inputs, **asked: bool) -> F64:
        """Return what the trees up to the best round say of the rows."""
        matrix, _ = design_matrix(inputs, self.trees.columns)
        return trees_say(self.trees.booster, matrix, self.rounds, self.threads, **asked)

    @override
    def _save(self, folder: Path) -> None:
        write_trees(folder, self.trees)


class _About(Config):
    """What ``trees.json`` holds: :class:`Trees` without the booster."""

    columns: dict[str, tuple[int, ...]]
    calibration: tuple[float, float] | None


def write_trees(folder: Path, trees: Trees) -> None:
    """Write ``model.txt``, in LightGBM's own format, and ``trees.json`` into an existing folder."""
    write_atomic(folder / MODEL, trees.booster.model_to_string(num_iteration=-1).encode())
    about = _About(columns=trees.columns, calibration=trees.calibration)
    write_atomic(folder / ABOUT, (about.model_dump_json(indent=1) + "\n").encode())


def read_trees(folder: Path) -> Trees:
    """Return the trees that :func:`write_trees` wrote.

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
