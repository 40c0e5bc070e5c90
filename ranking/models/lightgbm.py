"""LightGBM: gradient boosted trees over numbers and native categories."""

from typing import Any, Literal

import lightgbm
import numpy as np
from pydantic import Field as Setting

from embedding_features.arrays import F32
from embedding_features.progress import Progress
from ranking.inputs import Bag, Categorical, Continuous, History, Inputs, Vector
from ranking.models.base import FittedRanker, Ranker


class LightGBM(Ranker):
    """Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017; binary log loss.

    Trees need no scaling and no filling: a number that is missing is missing. A vector is ``dim`` numbers, a
    code is a native category, a bag over a small vocabulary is one weight a value and over a large one the
    code of most weight. The ids of users and items, which a tree can only memorize, are left out: their
    counts and means speak for them.
    """

    kind: Literal["lightgbm"] = "lightgbm"
    learning_rate: float = Setting(default=0.1, gt=0)
    leaves: int = Setting(default=15, ge=2)
    min_rows_in_leaf: int = Setting(default=100, ge=1)
    column_share: float = Setting(default=0.5, gt=0, le=1)
    """Share of the columns a tree may look at."""
    row_share: float = Setting(default=0.8, gt=0, le=1)
    l2: float = Setting(default=5.0, ge=0)
    rounds: int = Setting(default=300, ge=1)
    patience: int = Setting(default=20, ge=1)
    """Rounds without a better validation log loss after which training stops."""
    threads: int = Setting(default=1, ge=1)

    def _fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress) -> FittedRanker:
        train = train.labelled()
        matrix, categories = design_matrix(train)
        parameters = self._parameters(seed)
        data = lightgbm.Dataset(
            matrix, train.label, categorical_feature=categories, params=parameters, free_raw_data=True
        )
        watched = data.create_valid(design_matrix(validation)[0], validation.label)
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
        return FittedLightGBM(train, booster)

    def _parameters(self, seed: int) -> dict[str, Any]:
        return {
            "objective": "binary",
            "metric": "binary_logloss",
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


class FittedLightGBM(FittedRanker):
    """Trees up to the best round."""

    def __init__(self, inputs: Inputs, booster: lightgbm.Booster) -> None:
        super().__init__(inputs, booster.best_iteration)
        self.booster = booster

    def _predict(self, inputs: Inputs) -> F32:
        matrix, _ = design_matrix(inputs)
        return np.asarray(self.booster.predict(matrix, num_iteration=self.rounds), np.float32)


#: the largest vocabulary whose bag becomes one column a value
WIDEST_BAG = 32


def design_matrix(inputs: Inputs) -> tuple[F32, list[int]]:
    """[n, columns] float32 and the indexes of its categorical columns."""
    columns: list[F32] = []
    categories: list[int] = []
    for field in inputs.fields:
        if isinstance(field, Continuous):
            columns.append(field.values[:, None])
        elif isinstance(field, Vector):
            table = field.table.copy()
            table[0] = np.nan
            columns.append(table[field.rows])
        elif isinstance(field, History) or field.identity:
            continue
        elif isinstance(field, Bag) and field.size <= WIDEST_BAG:
            columns.append(_spread(field))
        else:
            categories.append(sum(part.shape[1] for part in columns))
            columns.append(_top_code(field)[:, None])
    return np.concatenate(columns, axis=1), categories


def _spread(bag: Bag) -> F32:
    """[n, size - 1] weight of each known value."""
    spread = np.zeros((len(bag.codes), bag.size), np.float32)
    rows = np.arange(len(bag.codes))[:, None]
    np.add.at(spread, (rows, bag.codes), bag.weights)
    return spread[:, 1:]


def _top_code(field: Categorical | Bag) -> F32:
    """[n] the code, of a bag the one of most weight; a code is exact in float32 up to 2^24."""
    if isinstance(field, Bag):
        best = field.weights.argmax(axis=1)
        return np.asarray(field.codes[np.arange(len(best)), best], np.float32)
    return np.asarray(field.codes, np.float32)
