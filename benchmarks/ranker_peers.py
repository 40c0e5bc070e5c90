"""Puts rankers of deepctr-torch and fuxictr, at the benchmark's sizes, behind one small interface."""

import io
import logging
from collections import OrderedDict
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from ranking.inputs.fields import Category
from ranking.inputs.inputs import Inputs

VALUES, DIM, LAYERS = 10_000, 16, (256, 128)


class Way(Protocol):
    """Is one library's ranker: made anew, trained, then asked for scores."""

    def train(self) -> None:
        """Train for all epochs over the training rows."""

    def score(self) -> np.ndarray:
        """Return [rows] scores of the training rows."""

    def parameters(self) -> int:
        """Return how many numbers are learned."""


def columns_of(inputs: Inputs) -> dict[str, np.ndarray]:
    """Return the fields' values by name."""
    return {f.name: f.codes if isinstance(f, Category) else f.values for f in inputs.fields}  # type: ignore[union-attr]


class DeepCTR:
    """Trains a ranker of deepctr-torch by Adam and its own fit and predict, without metrics.

    Args:
        model: ``WDL``, ``DCN`` (by default: two cross layers of a vector each) or ``DCN-M`` (two full ones).
        data: training rows.
        validation: rows that are passed over after each epoch.
        batch: rows of a batch.
        epochs: how many.
    """

    def __init__(self, model: str, data: Inputs, validation: Inputs, batch: int, epochs: int) -> None:
        from deepctr_torch.inputs import DenseFeat, SparseFeat
        from deepctr_torch.models import DCN, WDL

        self.columns, self.label = columns_of(data), data.label
        self.validation = columns_of(validation), validation.label
        self.batch, self.epochs = batch, epochs
        sparse = [SparseFeat(f.name, VALUES, embedding_dim=DIM) for f in data.of(Category)]
        wanted = sparse + [DenseFeat(name, 1) for name in self.columns if name.startswith("dense")]
        with redirect_stdout(io.StringIO()):
            if model == "WDL":
                self.model = WDL(wanted, wanted, dnn_hidden_units=LAYERS)
            else:
                crosses = "matrix" if model == "DCN-M" else "vector"
                self.model = DCN(
                    wanted, wanted, cross_num=2, cross_parameterization=crosses, dnn_hidden_units=LAYERS
                )
            self.model.compile("adam", "binary_crossentropy", metrics=[])

    def train(self) -> None:
        """See :class:`Way`."""
        with redirect_stdout(io.StringIO()):
            self.model.fit(
                dict(self.columns),
                self.label,
                batch_size=self.batch,
                epochs=self.epochs,
                verbose=0,
                validation_data=(dict(self.validation[0]), self.validation[1]),
            )

    def score(self) -> np.ndarray:
        """See :class:`Way`."""
        return np.asarray(self.model.predict(dict(self.columns), batch_size=self.batch)).ravel()

    def parameters(self) -> int:
        """See :class:`Way`."""
        return sum(p.numel() for p in self.model.parameters())


class FuxiCTR:
    """Trains a DLRM of fuxictr's layers, training step and data loader.

    They are put together as in its model zoo, which is in the repository but in none of its packages.
    Rows are loaded in the training process: on a few cores that is faster than its worker processes.
    """

    def __init__(self, data: Inputs, validation: Inputs, batch: int, epochs: int, folder: Path) -> None:
        from fuxictr.features import FeatureMap
        from fuxictr.pytorch.dataloaders.npz_dataloader import NpzDataLoader

        logging.disable(logging.INFO)
        self.epochs = epochs
        columns = columns_of(data)
        shape = FeatureMap("bench", str(folder))
        shape.features = OrderedDict(
            (name, {"source": "", "type": "numeric"})
            if name.startswith("dense")
            else (name, {"source": "", "type": "categorical", "vocab_size": VALUES})
            for name in columns
        )
        shape.labels, shape.num_fields = ["label"], len(columns)
        shape.set_column_index()
        np.savez(folder / "train.npz", label=data.label, **columns)
        np.savez(folder / "validation.npz", label=validation.label, **columns_of(validation))
        self.loader, self.scored, self.watched = (
            NpzDataLoader(
                shape, str(folder / f"{part}.npz"), batch_size=batch, shuffle=shuffle, num_workers=0
            )
            for part, shuffle in (("train", True), ("train", False), ("validation", False))
        )
        self.model = _dlrm(shape, folder)

    def train(self) -> None:
        """See :class:`Way`."""
        for _ in range(self.epochs):
            self.model.train_epoch(self.loader)
            self.model.predict(self.watched)

    def score(self) -> np.ndarray:
        """See :class:`Way`."""
        return np.asarray(self.model.predict(self.scored))

    def parameters(self) -> int:
        """See :class:`Way`."""
        return sum(p.numel() for p in self.model.parameters() if p.requires_grad)


def _dlrm(shape: Any, folder: Path) -> Any:
    from fuxictr.pytorch.layers import FeatureEmbedding, InnerProductInteraction, MLP_Block
    from fuxictr.pytorch.models import BaseModel

    dense = [name for name in shape.features if name.startswith("dense")]
    fields = len(shape.features) - len(dense) + 1

    class DLRM(BaseModel):
        def __init__(self) -> None:
            super().__init__(shape, "DLRM", eval_steps=10**9, verbose=0, metrics=["AUC"], model_root=folder)
            self.embedding = FeatureEmbedding(shape, DIM, not_required_feature_columns=dense)
            self.bottom = MLP_Block(len(dense), list(LAYERS), output_dim=DIM, output_activation="ReLU")
            self.interact = InnerProductInteraction(fields, output="inner_product")
            self.top = MLP_Block(
                fields * (fields - 1) // 2 + DIM, list(LAYERS), output_dim=1, output_activation="sigmoid"
            )
            self.compile("adam", "binary_crossentropy", 1e-3)
            self.reset_parameters()
            self._max_gradient_norm, self._total_steps, self._stop_training = 10.0, 0, False

        def forward(self, inputs: Any) -> dict[str, torch.Tensor]:
            given = self.get_inputs(inputs)
            numbers = self.bottom(torch.stack([given[name] for name in dense], dim=1).float())
            embedded = torch.cat([self.embedding(given), numbers[:, None]], dim=1)
            return {"y_pred": self.top(torch.cat([self.interact(embedded), numbers], dim=1))}

    return DLRM()
