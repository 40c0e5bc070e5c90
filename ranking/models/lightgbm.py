"""LightGBM: gradient boosted trees over numbers and categories."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

import lightgbm
import numpy as np
from pydantic import Field as Setting
from typing_extensions import override

from embedding_features.arrays import I64
from embedding_features.errors import DataError
from embedding_features.progress import Progress
from ranking.inputs.field_specs import FieldSpec
from ranking.inputs.inputs import Inputs
from ranking.metrics.calibration import platt
from ranking.models.base import FittedRanker, Ranker, SavedRanker
from ranking.models.design import bag_columns, design_matrix
from ranking.models.fitted_trees import FittedLightGBM, Trees, read_trees, trees_say
from ranking.models.lightgbm_threads import THREAD_COUNT

#: rows of one group beyond which LightGBM refuses to rank
LARGEST_GROUP = 10_000


class LightGBM(Ranker):
    """Settings of LightGBM's gradient boosted trees.

    Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017.

    Trees need no scaling, and a missing number stays missing. A vector is ``dim`` numbers and a code a native
    category; for bags and histories see :func:`.design_matrix`. The ids of users and items, which a tree can
    only memorize, are left out: their counts and means stand for them.

    Attributes:
        objective: ``"binary"`` log loss, or ``"lambdarank"`` (Burges, From RankNet to LambdaRank to
            LambdaMART, 2010) within each of :attr:`.Inputs.group`, whose scores are made probabilities on the
            validation rows (:func:`.platt`).
        learning_rate: share of each tree's correction that is added.
        leaves: most leaves of a tree; raise it where rows are many.
        min_rows_in_leaf: fewest rows of a leaf, and of a category that is split off.
        column_share: share of the columns that a tree may use.
        row_share: share of the rows that a tree learns from.
        l2: L2 penalty of the leaves' values.
        rounds: most trees.
        patience: rounds without a better validation log loss, or NDCG@10, after which training stops.
        threads: threads of training and scoring. Scores do not depend on it. LightGBM has one number of
            threads in a process: rankers that ask for different ones wait for each other.
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

    @override
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
        validation_data = data.create_valid(matrix, validation.label, group=sizes)
        booster = self._boost(parameters, data, validation_data, progress)
        calibration = None
        if self.objective == "lambdarank":
            log_odds = trees_say(booster, matrix, booster.best_iteration, self.threads)
            calibration = platt(log_odds, validation.label)
        trees = Trees(booster, columns, calibration)
        return FittedLightGBM(self, layout, booster.best_iteration, trees, self.threads)

    def _boost(
        self,
        parameters: dict[str, Any],
        data: lightgbm.Dataset,
        validation: lightgbm.Dataset,
        progress: Progress,
    ) -> lightgbm.Booster:
        """Return trees that early stopping on the validation rows ended."""
        with progress.task("rank: lightgbm", total=self.rounds) as advance, THREAD_COUNT.of(self.threads):
            return lightgbm.train(
                parameters,
                data,
                num_boost_round=self.rounds,
                valid_sets=[validation],
                callbacks=[
                    lightgbm.early_stopping(self.patience, verbose=False),
                    lambda _: advance(1),
                ],
            )

    def _grouped(self, inputs: Inputs, part: str) -> tuple[Inputs, I64 | None]:
        """Return the rows sorted by group, and the sizes of the groups; binary log loss needs no groups."""
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
        """Return LightGBM's parameters of these settings."""
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

    @override
    def restore(self, folder: Path, about: SavedRanker) -> FittedRanker:
        return FittedLightGBM(self, about.layout, about.rounds, read_trees(folder), self.threads)
