"""Trained networks on disk beside their vectors, for rankers that take one in as a sub-model.

``encoder.json`` names the kind and its settings, ``encoder.safetensors`` holds parameters and, of a network
that propagates, its graph. Row r of side ``user`` is row r of the snapshot's ``user_vector.parquet``. Nothing
in either file is code or names a Python class: the kind is looked up in a closed table.
"""

from pathlib import Path
from typing import Any

import safetensors.torch
from pydantic import SerializeAsAny
from safetensors import SafetensorError
from torch import Tensor, nn

from embedding_features.config import Config, load_config
from embedding_features.encoders import (
    BipartiteEncoder,
    Encoder,
    LightPropagationEncoder,
    LookupEncoder,
)
from embedding_features.errors import SnapshotError
from embedding_features.files import write_atomic
from embedding_features.graph.csr import CSR

_CONFIG = "encoder.json"
_TENSORS = "encoder.safetensors"


class EncoderConfig(Config):
    """Holds what ``encoder.json`` says.

    Attributes:
        encoder: kind and settings.
        node_types: of the two sides.
        shapes: tensor name → shape.
    """

    format: int = 1
    encoder: SerializeAsAny[Encoder]
    node_types: tuple[str, str]
    shapes: dict[str, list[int]]


def export_encoder(encoder: nn.Module, folder: Path) -> list[Path]:
    """Write ``encoder.json`` and ``encoder.safetensors`` into ``folder``, and return their paths.

    Raises:
        SnapshotError: when the encoder is of no exportable kind.
    """
    if not isinstance(encoder, BipartiteEncoder) or encoder.settings.kind not in _LOADERS:
        raise SnapshotError(
            f"an encoder of class {type(encoder).__name__} cannot be exported",
            fix=f"export one of {sorted(_LOADERS)}, or publish the vectors without it",
        )
    tensors = {name: t.detach().cpu().contiguous() for name, t in encoder.state_dict().items()}
    config = EncoderConfig(
        encoder=encoder.settings,
        node_types=encoder.node_types,
        shapes={name: list(t.shape) for name, t in tensors.items()},
    )
    write_atomic(folder / _TENSORS, safetensors.torch.save(tensors))
    write_atomic(folder / _CONFIG, config.model_dump_json(indent=2).encode())
    return [folder / _CONFIG, folder / _TENSORS]


def load_encoder(folder: Path) -> nn.Module:
    """Return the network that :func:`export_encoder` wrote: ``encoder()`` gives node type → [nodes, dim].

    Raises:
        SnapshotError: when a file is missing, malformed, or does not belong with the other.
        ConfigError: when ``encoder.json`` is not valid.
    """
    config = load_config(folder / _CONFIG, EncoderConfig)
    try:
        tensors = safetensors.torch.load_file(folder / _TENSORS)
    except (OSError, SafetensorError) as error:
        raise SnapshotError(f"{folder / _TENSORS} cannot be read: {error}", fix="publish it again") from None
    shapes = {name: list(t.shape) for name, t in tensors.items()}
    if shapes != config.shapes:
        raise SnapshotError(f"{folder}: tensors of shapes {shapes} beside {_CONFIG} with {config.shapes}")
    if config.encoder.kind not in _LOADERS:
        raise SnapshotError(f"{folder}: no loader for an encoder of kind {config.encoder.kind!r}")
    try:
        return _LOADERS[config.encoder.kind](config.encoder, config.node_types, tensors)
    except KeyError as error:
        raise SnapshotError(f"{folder / _TENSORS} lacks the tensor {error}", fix="publish it again") from None


def _lookup(settings: Any, node_types: tuple[str, str], t: dict[str, Tensor]) -> BipartiteEncoder:
    return LookupEncoder(settings, node_types, t["src"], t["dst"])


def _light_propagation(settings: Any, node_types: tuple[str, str], t: dict[str, Tensor]) -> BipartiteEncoder:
    indptr, indices, weight = (t[name].numpy() for name in ("indptr", "indices", "weight"))
    matrix = CSR(indptr, indices, len(t["dst"]), weight)
    sound = (
        [str(a.dtype) for a in (indptr, indices, weight)] == ["int64", "int32", "float32"]
        and matrix.rows == len(t["src"])
        and len(weight) == len(indices) == indptr[-1]
        and indptr[0] == 0
        and (matrix.degrees >= 0).all()
        and (len(indices) == 0 or (indices.min() >= 0 and indices.max() < matrix.columns))
    )
    if not sound:  # compiled kernels trust these arrays
        raise SnapshotError(f"{_TENSORS}: indptr, indices and weight are not a graph of these nodes")
    return LightPropagationEncoder(settings, node_types, t["src"], t["dst"], matrix)


#: the kinds that can be exported: a network that runs elsewhere must be one we know
_LOADERS = {"lookup": _lookup, "light_propagation": _light_propagation}
