"""Networks on disk: weights as safetensors, and as JSON the sizes that the network is rebuilt from."""

from collections.abc import Callable
from pathlib import Path

import torch
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass
from safetensors import SafetensorError
from safetensors.torch import load, save

from embedding_features.errors import DataError
from embedding_features.files import write_atomic
from ranking.models.module import RankerNetwork
from ranking.models.schema import Schema
from ranking.models.tensors import Batch

WEIGHTS, SHAPE = "weights.safetensors", "network.json"

#: makes the untrained network of a batch, its schema and a generator
Build = Callable[[Batch, Schema, torch.Generator], RankerNetwork]


@dataclass(frozen=True)
class Shape:
    """Holds the sizes that a network is rebuilt from before its weights are read.

    Attributes:
        schema: the fields of its inputs.
        lacking: indexes of the continuous columns that lacked a value in training.
        tables: rows of each table of vectors in training, in the order of :attr:`.Batch.tables`.
    """

    schema: Schema
    lacking: tuple[int, ...]
    tables: tuple[int, ...]

    @classmethod
    def of(cls, train: Batch, schema: Schema) -> "Shape":
        """Return the shape of a network that was built for a batch of training rows."""
        lacking = train.continuous.isnan().any(0).nonzero()[:, 0].tolist()
        return cls(schema, tuple(lacking), tuple(len(table) for table in train.tables))

    def dummy_batch(self) -> Batch:
        """Return a batch of one row, in which nothing is known, to build a network of this shape for."""
        schema = self.schema
        continuous = torch.zeros(1, schema.continuous)
        continuous[:, list(self.lacking)] = torch.nan
        dims = [*schema.dims, *(history.dim for history in schema.histories)]

        def codes(width: int, offset: int = 0) -> torch.Tensor:
            return torch.full((1, width), offset, dtype=torch.long)

        return Batch(
            label=torch.zeros(1),
            continuous=continuous,
            categorical=torch.tensor([[field.offset for field in schema.categorical]], dtype=torch.long),
            bags=tuple((codes(bag.width, bag.offset), torch.zeros(1, bag.width)) for bag in schema.bags),
            rows=codes(len(schema.vectors)),
            histories=tuple((codes(h.length, h.offset), codes(h.length)) for h in schema.histories),
            keys=codes(sum(field.key is not None for field in schema.categorical)),
            domain=None,
            tables=tuple(torch.zeros(rows, dim) for rows, dim in zip(self.tables, dims, strict=True)),
        )


_SHAPE = TypeAdapter(Shape)


def write_network(folder: Path, model: RankerNetwork, shape: Shape) -> None:
    """Write a network's ``weights.safetensors`` and ``network.json`` into an existing folder."""
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    write_atomic(folder / WEIGHTS, save(state))
    write_atomic(folder / SHAPE, _SHAPE.dump_json(shape, indent=1) + b"\n")


def read_network(folder: Path, build: Build) -> tuple[Shape, RankerNetwork]:
    """Return the network that :func:`write_network` wrote, in eval mode, and its shape.

    Args:
        folder: the folder it was written into.
        build: makes the untrained network.

    Raises:
        DataError: when a file is missing or damaged, or the two do not belong together.
    """
    try:
        shape = _SHAPE.validate_json((folder / SHAPE).read_bytes())
        state = load((folder / WEIGHTS).read_bytes())
        model = build(shape.dummy_batch(), shape.schema, torch.Generator().manual_seed(0))
        model.load_state_dict(state)
    except FileNotFoundError as error:
        raise DataError(f"{error.filename} is missing", fix="save the ranker again") from None
    except (ValueError, SafetensorError, RuntimeError) as error:
        raise DataError(f"the network in {folder} is damaged: {error}", fix="save the ranker again") from None
    model.eval()
    return shape, model
