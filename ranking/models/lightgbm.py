"""LightGBM: gradient boosted trees over numbers and native categories."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

import lightgbm
import numpy as np
from pydantic import Field as Setting

from embedding_features.arrays import F32, F64, I64
from embedding_features.errors import DataError
from embedding_features.progress import Progress
from ranking.inputs.field_specs import FieldSpec
from ranking.inputs.inputs import Inputs
from ranking.models.base import FittedRanker, Ranker, SavedRanker
from ranking.models.design import bag_columns, design_matrix, field_widths
from ranking.models.saved_trees import Trees, platt, read_trees, write_trees

#: more rows of one group LightGBM refuses to rank
LARGEST_GROUP = 10_000


class LightGBM(Ranker):
    """Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017.

    Trees need no scaling and no filling: a number that is missing is missing. A vector is ``dim`` numbers, a
    code is a native category; for bags and histories see :func:`.design_matrix`. The ids
    of users and items, which a tree can only memorize, are left out: their counts and means speak for them.

    Attributes:
        objective: ``"binary"`` log loss, or ``"lambdarank"`` (Burges, From RankNet to LambdaRank to
            LambdaMART, 2010) within each of :attr:`.Inputs.group`, whose scores are made
            probabilities on the validation rows (:func:`.platt`).
        column_share: share of the columns a tree may look at.
        patience: rounds without a better validation log loss, or NDCG@10, after which training stops.
    """

    kind: Literal["lightgbm"] = "lightgbm"
    objective: Literal["binary", "lambdarank"] = "binary"
    learning_rate: float = Setting(default=0.1, gt=0)
    leaves: int = Setting(default=15, ge=2)
    min_rows_in_leaf: int = Setting(default=100, ge=1)
    column_share: float = Setting(default=0.5, gt=0, le=1)
    row_share: float = Setting(default=0.8, gt=0, le=1)
    l2: float = Setting(default=5.0, ge=0)
    rounds: int = Setting(default=300, ge=1)
    patience: int = Setting(default=20, ge=1)
    threads: int = Setting(default=1, ge=1)

    def accepts(self, fields: Collection[FieldSpec]) -> bool:
        """Return whether there is any field but ids, which trees leave out."""
        return not all(getattr(field, "identity", False) for field in fields)

    def _fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress) -> FittedRanker:
        train = train.labelled()
        layout, columns, parameters = train.layout(), bag_columns(train), self._parameters(seed)
        train, sizes = self._grouped(train, "training")
        matrix, categories = design_matrix(train, columns)
        data = lightgbm.Dataset(
            matrix, train.label, group=sizes, categorical_feature=categories, params=parameters
        )
        validation, sizes = self._grouped(validation, "validation")
        matrix, _ = design_matrix(validation, columns)
        watched = data.create_valid(matrix, validation.label, group=sizes)
        with progress.task("rank: lightgbm", total=self.rounds) as advance:
            booster = lightgbm.train(
                parameters,
                data,
                num_boost_round=self.rounds,
                valid_sets=[watched],
                callbacks=[
                    lightgbm.early_stopping(self.patience, verbose=False),
                    lambda _: advance(1),
                ],
            )
        calibration = None
        if self.objective == "lambdarank":
            calibration = platt(
                booster.predict(matrix, num_iteration=booster.best_iteration), validation.label
            )
        return FittedLightGBM(self, layout, booster.best_iteration, Trees(booster, columns, calibration))

    def _grouped(self, inputs: Inputs, part: str) -> tuple[Inputs, I64 | None]:
        """Rows of one group side by side, and the sizes of the groups; as they are for binary log loss."""
        if self.objective == "binary":
            return inputs, None
        if inputs.group is None:
            raise DataError(
                f"lambdarank ranks within groups, and the {part} rows have none",
                fix="name the group of the rows (user or request) in the inputs, or set objective: binary",
            )
        sizes = np.unique(inputs.group, return_counts=True)[1].astype(np.int64)
        if sizes.max() > LARGEST_GROUP:
            raise DataError(
                f"lambdarank: a group of {sizes.max()} {part} rows, more than {LARGEST_GROUP}",
                fix="group by request instead of by user, or set objective: binary",
            )
        return inputs.take(np.argsort(inputs.group, kind="stable")), sizes

    def _parameters(self, seed: int) -> dict[str, Any]:
        metric = {"binary": "binary_logloss", "lambdarank": "ndcg"}[self.objective]
        return {
            "objective": self.objective,
            "metric": metric,
            "eval_at": [10],
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.min_rows_in_leaf,
            "min_data_per_group": self.min_rows_in_leaf,
            "cat_smooth": 20.0,
            "feature_fraction": self.column_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "max_bin": 127,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
        }

    def restore(self, folder: Path, about: SavedRanker) -> FittedRanker:
        return FittedLightGBM(self, about.layout, about.rounds, read_trees(folder))


class FittedLightGBM(FittedRanker):
    """Trees up to the best round."""

    def __init__(
        self, ranker: LightGBM, layout: tuple[tuple[Any, ...], ...], rounds: int, trees: Trees
    ) -> None:
        super().__init__(ranker, layout, rounds)
        self.trees = trees

    def _predict(self, inputs: Inputs) -> F32:
        matrix, _ = design_matrix(inputs, self.trees.columns)
        found = self.trees.booster.predict(matrix, num_iteration=self.rounds)
        if self.trees.calibration is not None:
            slope, offset = self.trees.calibration
            found = 1 / (1 + np.exp(-(slope * found + offset)))
        return np.asarray(found, np.float32)

    def contributions(self, inputs: Inputs) -> F64:
        """[n, fields] what each field adds to a row's log odds: SHAP values, those of its columns summed
        (Lundberg et al., From local explanations to global understanding with explainable AI for trees,
        Nature Machine Intelligence 2020).
        """
        matrix, _ = design_matrix(inputs, self.trees.columns)
        found = self.trees.booster.predict(matrix, num_iteration=self.rounds, pred_contrib=True)[:, :-1]
        ends = np.cumsum(field_widths(inputs, self.trees.columns))
        running = np.concatenate([np.zeros((len(inputs), 1)), np.cumsum(found, axis=1)], axis=1)
        of_field: F64 = np.diff(running[:, np.concatenate([[0], ends])], axis=1)
        return of_field

    def _save(self, folder: Path) -> None:
        write_trees(folder, self.trees)
