"""What every ranker is: settings that, fitted on inputs, give something that scores inputs."""

from abc import ABC, abstractmethod

import numpy as np

from embedding_features.arrays import F32
from embedding_features.config import Part
from embedding_features.errors import DataError, TrainingError
from embedding_features.progress import SILENT, Progress
from ranking.inputs import Inputs


class FittedRanker(ABC):
    """A ranker that has learned.

    Attributes:
        layout: of the inputs it was fitted on (:meth:`ranking.inputs.Inputs.layout`).
        rounds: boosting rounds or epochs that early stopping kept.
    """

    def __init__(self, inputs: Inputs, rounds: int) -> None:
        self.layout = inputs.layout()
        self.rounds = rounds

    def predict(self, inputs: Inputs) -> F32:
        """[n] probability of label 1; labels are not looked at.

        Raises:
            DataError: when ``inputs`` are not laid out as those it was fitted on.
        """
        if inputs.layout() != self.layout:
            unlike = sorted({str(f[1]) for f in set(inputs.layout()) ^ set(self.layout)}) or "their order"
            raise DataError(
                f"the inputs are not those this ranker was fitted on; they differ in {unlike}",
                fix="take all parts of one variant of one data set",
            )
        if len(inputs) == 0:
            return np.zeros(0, np.float32)
        return self._predict(inputs)

    @abstractmethod
    def _predict(self, inputs: Inputs) -> F32:
        """[n] probability, n > 0."""


class Ranker(Part):
    """Settings of a ranker; ``kind`` names it."""

    def fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress = SILENT) -> FittedRanker:
        """Learn from ``train``; stop when log loss on ``validation`` no longer falls.

        Training rows of an input with domains may lack a label (NaN): they only align the domains.

        Args:
            seed: of every random choice: the same inputs, settings and seed give the same scores.

        Raises:
            DataError: when the two are laid out differently.
            TrainingError: when a label is not 0 or 1, all are alike, or the loss is not finite.
        """
        if train.layout() != validation.layout():
            raise DataError("train and validation have different fields", fix="take both from one data set")
        known = train.label if train.domain is None else train.label[~np.isnan(train.label)]
        for part, labels in (("training", known), ("validation", validation.label)):
            found = np.unique(labels)
            if not np.isin(found, (0, 1)).all():
                raise TrainingError(f"{part} labels are {found[:5].tolist()}", fix="labels are 0 or 1")
            if len(found) != 2:
                raise TrainingError(
                    f"{self.kind}: the {len(labels)} {part} labels are all alike {found.tolist()}",
                    fix="move the split's borders or the label rule's threshold",
                )
        return self._fit(train, validation, seed, progress)

    @abstractmethod
    def _fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress) -> FittedRanker:
        """Learn from checked inputs."""
