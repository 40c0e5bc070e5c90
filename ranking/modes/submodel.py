"""The sub-model mode: a pretrained encoder inside a ranker, frozen or fine-tuned."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from pydantic import SerializeAsAny, model_validator
from typing_extensions import override

from embedding_features.arrays import I64
from embedding_features.arrow import mask
from embedding_features.artifact import Network, Snapshot, export_encoder, load_encoder
from embedding_features.errors import ConfigError
from embedding_features.graph import Graph
from embedding_features.graph.view import View
from embedding_features.progress import Progress
from ranking.encoders.values import keys_of
from ranking.inputs.inputs import Inputs
from ranking.models.base import FittedRanker, Ranker, SavedRanker
from ranking.models.module import RankerNetwork
from ranking.models.network import FittedNetwork, NetworkRanker
from ranking.models.pretrained import FineTuned
from ranking.models.saved_network import read_network
from ranking.models.schema import Schema
from ranking.models.tensors import Batch
from ranking.modes.computed_vectors import find_computed_vectors
from ranking.modes.observed_graph import observe
from ranking.modes.sub_encoder import FineTuning, SubEncoder, SubModelNetwork
from ranking.task.task import Side

ENCODER = "encoder"


class SubModel(Ranker):
    """A torch ranker whose pretrained vectors an encoder computes as it scores.

    A row's user and item are found among the encoder's nodes by the keys of their id fields; the vectors that
    the inputs came with are not read. An id that is no node is absent, as in the feature mode. Before any
    training, and as long as the encoder is frozen and sees the same graph, it scores as the ranker on the
    snapshot's own vectors.

    One encoder is of one moment: train it on rows strictly later than the snapshot's ``as_of``, or the
    encoder's edges tell of their labels (:func:`.later_rows`).

    Attributes:
        ranker: the ranker around the encoder; not one that fine-tunes a table of vectors, for here is none.
        snapshot: folder of a snapshot with its encoder, of which a saved ranker holds a copy of its own.
        fields: the vector fields to compute; all by default.
        node_types: of user and item.
        tuning: how the encoder learns; None keeps it frozen.
    """

    kind: Literal["sub_model"] = "sub_model"
    ranker: SerializeAsAny[NetworkRanker]
    snapshot: Path
    fields: tuple[str, ...] = ()
    node_types: dict[Side, str] = {"user": "user", "item": "item"}
    tuning: FineTuning | None = FineTuning()

    @model_validator(mode="after")
    def _no_table(self) -> "SubModel":
        if isinstance(self.ranker.pretrained, FineTuned):
            raise ValueError("pretrained: fine_tuned learns a table of vectors; the encoder learns by tuning")
        return self

    def _fit(self, train: Inputs, validation: Inputs, seed: int, progress: Progress) -> FittedRanker:
        def more_terms(model: RankerNetwork, steps: int) -> list[Any]:
            network = cast(SubModelNetwork, model)
            network.steps_an_epoch = steps
            return [] if self.tuning is None else [network.sub.l2_sp]

        learned = self.ranker.learn(train, validation, seed, progress, self.network, more_terms)
        return FittedSubModel(self, train.layout(), *learned)

    def network(self, train: Batch, schema: Schema, generator: torch.Generator) -> SubModelNetwork:
        """Return the untrained network around the snapshot's encoder.

        Raises:
            ConfigError: when the snapshot has no encoder.
            ConfigError, CompatibilityError: as :func:`.find_computed_vectors`.
        """
        snapshot = Snapshot.open(self.snapshot)
        encoder = snapshot.embeddings().encoder
        if encoder is None:
            raise ConfigError(
                f"the snapshot {self.snapshot} has no encoder: {snapshot.manifest.method} is a closed form",
                fix="pretrain a method that trains a network, such as lightgcn",
            )
        keys = [keys_of(snapshot.vectors(node_type).ids, node_type) for node_type in encoder()]
        return self._network_around(encoder, keys, train, schema, generator)

    def _network_around(
        self, encoder: Network, keys: list[I64], train: Batch, schema: Schema, generator: torch.Generator
    ) -> SubModelNetwork:
        dims = {node_type: vectors.shape[1] for node_type, vectors in encoder().items()}
        computed = find_computed_vectors(schema, dims, self.fields, self.node_types, str(self.snapshot))
        sub = SubEncoder(encoder, keys, computed, self.tuning)
        return SubModelNetwork(self.ranker.network(sub.with_vectors(train), schema, generator), sub)

    @override
    def restore(self, folder: Path, about: SavedRanker) -> FittedRanker:
        encoder = load_encoder(folder / ENCODER)
        nodes = [np.arange(len(vectors)) for vectors in encoder().values()]

        def build(train: Batch, schema: Schema, generator: torch.Generator) -> SubModelNetwork:
            return self._network_around(encoder, nodes, train, schema, generator)

        shape, model = read_network(folder, build)
        return FittedSubModel(self, about.layout, about.rounds, model, shape)


class FittedSubModel(FittedNetwork):
    """A trained ranker with its encoder inside."""

    model: SubModelNetwork

    def observe(self, graph: Graph, view: View) -> None:
        """Compute vectors over another graph from now on: nodes with fresh edges get new vectors.

        Args:
            graph: the other graph.
            view: how the encoder's method looks at a graph, as ``manifest.config["view"]`` has it.

        Raises:
            GraphError: as :meth:`.View.build`.
        """
        observe(self.model.sub, graph, view)

    def _save(self, folder: Path) -> None:
        super()._save(folder)
        (folder / ENCODER).mkdir(exist_ok=True)
        export_encoder(self.model.sub.encoder, folder / ENCODER)


def later_rows(labels: pa.Table, rows: I64, as_of: datetime) -> I64:
    """Return those of some rows of the labels that are strictly later than a snapshot's ``as_of``."""
    later = pc.greater(labels["timestamp"].take(pa.array(rows)), pa.scalar(as_of, labels["timestamp"].type))
    return rows[mask(later)]


def view_of(snapshot: Snapshot) -> View:
    """Return how the method behind a snapshot looks at a graph."""
    return View.model_validate(snapshot.manifest.config["view"])
