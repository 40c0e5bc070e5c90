"""Trained networks on disk beside their vectors, for rankers that take one in as a sub-model.

``encoder.json`` names the kind and its settings, the nodes and the relations; ``encoder.safetensors`` holds
the network's state: parameters, rotation and, of a network that propagates, its graph. Row r of the vectors
of node type ``user`` is row r of the snapshot's ``user_vector.parquet``. Nothing in either file is code or
names a Python class: a network of any kind is built anew from its settings and given its state.
"""

from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from pydantic import SerializeAsAny
from safetensors import SafetensorError
from torch import nn

from embedding_features.config import Config, parse_config, read_yaml
from embedding_features.encoders.base import Encoder, Network
from embedding_features.errors import SnapshotError
from embedding_features.files import write_atomic
from embedding_features.graph.relation import Relation
from embedding_features.graph.view import GraphView, spans
from embedding_features.records import check_format

_CONFIG = "encoder.json"
_TENSORS = "encoder.safetensors"


class EncoderConfig(Config):
    """Holds what ``encoder.json`` says.

    Attributes:
        encoder: kind and settings.
        nodes: node type → number of nodes, in the order of the network's rows.
        relations: relation → node types of its ends.
        shapes: tensor name → shape.
    """

    format: int = 2
    encoder: SerializeAsAny[Encoder]
    nodes: dict[str, int]
    relations: dict[str, tuple[str, str]]
    shapes: dict[str, list[int]]


def export_encoder(encoder: nn.Module, folder: Path) -> list[Path]:
    """Write ``encoder.json`` and ``encoder.safetensors`` into ``folder``, and return their paths.

    Raises:
        SnapshotError: when the encoder is none of ours or of a plug-in.
    """
    if not isinstance(encoder, Network):
        raise SnapshotError(
            f"an encoder of class {type(encoder).__name__} cannot be exported",
            fix="derive it from embedding_features.encoders.Network, or publish the vectors without it",
        )
    tensors = {name: t.detach().cpu().contiguous() for name, t in encoder.state_dict().items()}
    config = EncoderConfig(
        encoder=encoder.settings,
        nodes=encoder.counts,
        relations=encoder.relations,
        shapes={name: list(t.shape) for name, t in tensors.items()},
    )
    write_atomic(folder / _TENSORS, safetensors.torch.save(tensors))
    write_atomic(folder / _CONFIG, config.model_dump_json(indent=2).encode())
    return [folder / _CONFIG, folder / _TENSORS]


def load_encoder(folder: Path) -> Network:
    """Return the network that :func:`export_encoder` wrote: ``encoder()`` gives node type → [n, dim].

    It is in the mode of evaluation: nothing is dropped.

    Raises:
        SnapshotError: when a file is missing, malformed, or does not belong with the other, or an earlier
            version of this library wrote it.
        ConfigError: when ``encoder.json`` is not valid.
    """
    config = _read_config(folder / _CONFIG)
    try:
        tensors = safetensors.torch.load_file(folder / _TENSORS)
    except (OSError, SafetensorError) as error:
        raise SnapshotError(f"{folder / _TENSORS} cannot be read: {error}", fix="publish it again") from None
    shapes = {name: list(t.shape) for name, t in tensors.items()}
    if shapes != config.shapes:
        raise SnapshotError(f"{folder}: tensors of shapes {shapes} beside {_CONFIG} with {config.shapes}")
    network = config.encoder.build(_without_edges(config), torch.Generator())
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise SnapshotError(
            f"{folder / _TENSORS} is no state of an encoder of kind {config.encoder.kind!r}: {error}",
            fix="publish it again",
        ) from None
    return network.eval()


def _read_config(path: Path) -> EncoderConfig:
    data = read_yaml(path)
    again = "pretrain again, and publish the snapshot that it writes"
    check_format(path, data, EncoderConfig, error=SnapshotError, again=again)
    return parse_config(data, EncoderConfig, str(path))


def _without_edges(config: EncoderConfig) -> GraphView:
    """Return a view of the same nodes and relations, for the shapes of a network's parameters."""
    none = np.empty(0, np.int64)
    relations = {
        name: Relation.from_edges(name, src, dst, none, none, (config.nodes[src], config.nodes[dst]))
        for name, (src, dst) in config.relations.items()
    }
    return GraphView(spans({t: np.arange(n) for t, n in config.nodes.items()}), relations)
