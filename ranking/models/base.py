"""What every ranker is: settings that, fitted on inputs, give something that scores inputs."""

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
    """A ranker that has learned.

    Attributes:
        ranker: its settings.
        layout: of the inputs it was fitted on (:meth:`.Inputs.layout`).
        rounds: boosting rounds or epochs that early stopping kept.
    """

    def __init__(self, ranker: "Ranker", layout: tuple[tuple[Any, ...], ...], rounds: int) -> None:
        self.ranker, self.layout, self.rounds = ranker, layout, rounds

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

    def save(self, folder: Path) -> None:
        """Write settings and weights into an existing folder: JSON, and safetensors or LightGBM's text."""
        self._save(folder)
        about = SavedRanker(format=1, ranker=self.ranker, rounds=self.rounds, layout=self.layout)
        write_atomic(folder / SAVED, (about.model_dump_json(indent=1) + "\n").encode())

    @staticmethod
    def load(folder: Path) -> "FittedRanker":
        """The ranker that :meth:`save` wrote: it scores as it did.

        Raises:
            DataError: when a file is missing or damaged.
        """
        try:
            text = (folder / SAVED).read_bytes()
        except FileNotFoundError:
            raise DataError(f"no ranker in {folder}", fix="name a folder a ranker was saved into") from None
        about = SavedRanker.read(text, str(folder / SAVED))
        return about.ranker.restore(folder, about)

    def contributions(self, inputs: Inputs) -> F64 | None:  # noqa: ARG002
        """Return [n, fields] what each field adds to a row's log odds; None where the ranker cannot say."""
        return None

    @abstractmethod
    def _save(self, folder: Path) -> None:
        """Write what was learned."""

    @abstractmethod
    def _predict(self, inputs: Inputs) -> F32:
        """[n] probability, n > 0."""


class Ranker(Part):
    """Settings of a ranker; ``kind`` names it.

    A third party's ranker is a subclass with a kind of its own, found by an entry point of the group
    ``embedding_features.rankers``; :mod:`ranking.testing` has the tests that it must pass.

    Attributes:
        represents: whether rows pass through a representation of a torch network (:class:`.NetworkRanker`),
            which can be aligned between domains and can read a pretrained encoder.
    """

    plug_ins: ClassVar[str] = "embedding_features.rankers"
    represents: ClassVar[bool] = False

    def accepts(self, fields: Collection[FieldSpec]) -> bool:  # noqa: ARG002
        """Return whether the ranker can learn from these fields alone; by default from any."""
        return True

    def fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress = SILENT) -> FittedRanker:
        """Learn from ``train``; stop when log loss on ``validation`` no longer falls (lambdarank: when NDCG
        no longer rises).

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

    @abstractmethod
    def restore(self, folder: Path, about: "SavedRanker") -> FittedRanker:
        """What was saved into a folder.

        Raises:
            DataError: when a file is missing or damaged.
        """


#: the file of a saved ranker that says what the others are
SAVED = "ranker.json"


class SavedRanker(Config):
    """A saved ranker's settings, and the layout of the inputs it takes."""

    format: Literal[1]
    ranker: SerializeAsAny[Ranker]
    rounds: int
    layout: tuple[tuple[Any, ...], ...]

    @classmethod
    def read(cls, text: bytes, origin: str) -> "SavedRanker":
        """From JSON, in which tuples are lists.

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
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
