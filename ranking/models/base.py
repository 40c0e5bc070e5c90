"""The interface of rankers: settings that are fitted on inputs, and the fitted ranker that scores inputs."""

import json
from abc import ABC, abstractmethod
from collections.abc import Collection
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import SerializeAsAny

from embedding_features.arrays import F32, F64
from embedding_features.config import Config, Part, parse_config
from embedding_features.errors import ConfigError, DataError, TrainingError
from embedding_features.files import write_atomic
from embedding_features.progress import SILENT, Progress
from ranking.inputs.field_specs import FieldSpec
from ranking.inputs.inputs import Inputs


class FittedRanker(ABC):
    """Scores inputs with what a ranker learned.

    Attributes:
        ranker: the settings that were fitted.
        layout: :meth:`.Inputs.layout` of the training rows; only inputs laid out alike can be scored.
        rounds: boosting rounds or epochs that early stopping kept.
    """

    def __init__(self, ranker: "Ranker", layout: tuple[tuple[Any, ...], ...], rounds: int) -> None:
        self.ranker, self.layout, self.rounds = ranker, layout, rounds

    def predict(self, inputs: Inputs) -> F32:
        """Return the [n] probability of label 1; labels are not looked at.

        Raises:
            DataError: when ``inputs`` are not laid out as the training rows were.
        """
        if inputs.layout() != self.layout:
            names = sorted({str(field[1]) for field in set(inputs.layout()) ^ set(self.layout)})
            unlike = names or "their order"
            raise DataError(
                f"the inputs are not those this ranker was fitted on; they differ in {unlike}",
                fix="take all parts of one variant of one data set",
            )
        if len(inputs) == 0:
            return np.zeros(0, np.float32)
        return self._predict(inputs)

    def save(self, folder: Path) -> None:
        """Write settings and weights into an existing folder: JSON, and safetensors or LightGBM's text."""
        self._save(folder)
        saved = SavedRanker(format=1, ranker=self.ranker, rounds=self.rounds, layout=self.layout)
        write_atomic(folder / SAVED, (saved.model_dump_json(indent=1) + "\n").encode())

    @staticmethod
    def load(folder: Path) -> "FittedRanker":
        """Read the ranker that :meth:`save` wrote; it gives the same scores.

        Raises:
            DataError: when a file is missing or damaged.
        """
        try:
            text = (folder / SAVED).read_bytes()
        except FileNotFoundError:
            raise DataError(f"no ranker in {folder}", fix="name a folder a ranker was saved into") from None
        saved = SavedRanker.read(text, str(folder / SAVED))
        return saved.ranker.restore(folder, saved)

    def contributions(self, inputs: Inputs) -> F64 | None:  # noqa: ARG002
        """Return [n, fields] what each field adds to a row's log odds, or None.

        By default None: the ranker does not attribute its scores to fields, and their importance is measured
        by permuting them (:func:`.importance`).
        """
        return None

    @abstractmethod
    def _save(self, folder: Path) -> None:
        """Write what was learned into an existing folder."""

    @abstractmethod
    def _predict(self, inputs: Inputs) -> F32:
        """Return the [n] probability of label 1 of inputs whose layout is checked; n > 0."""


class Ranker(Part):
    """Settings of a ranker, which its ``kind`` names; :meth:`fit` trains it.

    A third party's ranker is a subclass with a kind of its own, found by an entry point of the group
    ``embedding_features.rankers``; :mod:`ranking.testing` has the tests that it must pass.

    Attributes:
        represents: whether rows pass through a representation of a torch network (:class:`.NetworkRanker`),
            which can be aligned between domains and can read a pretrained encoder.
    """

    plug_ins: ClassVar[str] = "embedding_features.rankers"
    represents: ClassVar[bool] = False

    def accepts(self, fields: Collection[FieldSpec]) -> bool:  # noqa: ARG002
        """Return whether the ranker can learn from these fields alone; by default it can from any."""
        return True

    def fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress = SILENT) -> FittedRanker:
        """Learn from the training rows, and stop early by the validation rows.

        Training stops when log loss on ``validation`` no longer falls, or with lambdarank when NDCG no longer
        rises.

        Args:
            train: rows to learn from. Where they have domains they may lack a label (NaN): such rows only
                align the domains.
            validation: rows laid out as ``train``.
            seed: seed of every random choice: the same inputs, settings and seed give the same scores.
            progress: shows rounds or epochs; silent by default.

        Raises:
            DataError: when the two are laid out differently.
            TrainingError: when a label is not 0 or 1, all labels are alike, or the loss is not finite.
        """
        if train.layout() != validation.layout():
            raise DataError("train and validation have different fields", fix="take both from one data set")
        labelled = train.label if train.domain is None else train.label[~np.isnan(train.label)]
        self._check_labels("training", labelled)
        self._check_labels("validation", validation.label)
        return self._fit(train, validation, seed, progress)

    def _check_labels(self, part: str, labels: F32) -> None:
        values = np.unique(labels)
        if not np.isin(values, (0, 1)).all():
            raise TrainingError(f"{part} labels are {values[:5].tolist()}", fix="labels are 0 or 1")
        if len(values) != 2:
            raise TrainingError(
                f"{self.kind}: the {len(labels)} {part} labels are all alike {values.tolist()}",
                fix="move the split's borders or the label rule's threshold",
            )

    @abstractmethod
    def _fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress) -> FittedRanker:
        """Learn from checked inputs; see :meth:`fit`."""

    @abstractmethod
    def restore(self, folder: Path, about: "SavedRanker") -> FittedRanker:
        """Return the fitted ranker whose weights were saved into a folder.

        Args:
            folder: the folder that :meth:`FittedRanker.save` wrote.
            about: what the folder's ``ranker.json`` holds; its ``ranker`` is this one.

        Raises:
            DataError: when a file is missing or damaged.
        """


#: the file of a saved ranker that says what the folder's other files are
SAVED = "ranker.json"


class SavedRanker(Config):
    """A saved ranker's settings and the layout of its inputs, as ``ranker.json`` has them.

    Attributes:
        format: version of the file.
        ranker: the settings.
        rounds: :attr:`FittedRanker.rounds`.
        layout: :attr:`FittedRanker.layout`.
    """

    format: Literal[1]
    ranker: SerializeAsAny[Ranker]
    rounds: int
    layout: tuple[tuple[Any, ...], ...]

    @classmethod
    def read(cls, text: bytes, origin: str) -> "SavedRanker":
        """Read the JSON of a saved ranker, in which tuples are lists.

        Args:
            text: content of the file.
            origin: the file's name in messages of errors.

        Raises:
            DataError: when it is no saved ranker.
        """
        try:
            data = json.loads(text)
            data["layout"] = _tuples(data["layout"])
            return parse_config(data, cls, origin)
        except (ValueError, TypeError, KeyError, ConfigError) as error:
            raise DataError(f"{origin} is damaged: {error}", fix="save the ranker again") from None


def _tuples(value: Any) -> Any:
    """Return a value of JSON with tuples in the place of lists, at any depth."""
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value
