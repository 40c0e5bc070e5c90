"""A ranker with its encoder as one torch.export program: ids in, probabilities out, none of our code."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from embedding_features.files import atomic_file
from ranking.inputs.inputs import Inputs
from ranking.models.tensors import Batch
from ranking.modes.sub_encoder import with_absent
from ranking.modes.submodel import FittedSubModel

#: names of a program's arguments: tensors [b, …] of a :class:`Batch`, then what has other sizes
ARGUMENTS = ("continuous", "categorical", "bags", "rows", "histories", "keys", "tables", "edges")


def export_program(fitted: FittedSubModel, path: Path, example: Inputs) -> None:
    """Write the whole ranker (``.pt2``), which ``torch.export.load(path).module()`` reads back.

    It takes what :func:`program_arguments` gives, by name, with any number of rows and of edges, and returns
    [b] probabilities. Other edges give other vectors, inside the program.

    Args:
        fitted: the ranker.
        path: of the file.
        example: a few rows, at least two.

    Raises:
        ConfigError: when the encoder is of a kind that has no form for export.
    """
    program = Program(fitted).eval()
    arguments = program_arguments(fitted, example)
    rows = torch.export.Dim("rows", min=2)
    edges = torch.export.Dim("edges", min=2)
    shapes = {
        name: _like(arguments[name], {0: edges} if name == "edges" else {} if name == "tables" else {0: rows})
        for name in ARGUMENTS
    }
    with torch.no_grad():
        made = torch.export.export(program, (), arguments, dynamic_shapes=shapes, strict=False)
    with atomic_file(path) as temporary, temporary.open("wb") as handle:
        torch.export.save(made, handle)


def program_arguments(fitted: FittedSubModel, inputs: Inputs) -> dict[str, Any]:
    """Return the arguments of a program for some rows: a :class:`Batch`'s without its computed tables.

    ``edges`` are what the encoder's traced form takes of the graph that it sees (:meth:`.Network.edges`).
    """
    batch = Batch.of(inputs, fitted.shape.schema)
    sub = fitted.model.sub
    computed = {vector.column for vector in sub.computed_vectors}
    return {
        "continuous": batch.continuous,
        "categorical": batch.categorical,
        "bags": batch.bags,
        "rows": batch.rows,
        "histories": batch.histories,
        "keys": batch.keys,
        "tables": tuple(t for column, t in enumerate(batch.tables) if column not in computed),
        "edges": sub.encoder.edges(),
    }


class Program(nn.Module):
    """The network of a fitted sub-model in operations of torch alone."""

    def __init__(self, fitted: FittedSubModel) -> None:
        super().__init__()
        self.model = fitted.model

    def forward(
        self,
        continuous: Tensor,
        categorical: Tensor,
        bags: tuple[tuple[Tensor, Tensor], ...],
        rows: Tensor,
        histories: tuple[tuple[Tensor, Tensor], ...],
        keys: Tensor,
        tables: tuple[Tensor, ...],
        edges: tuple[Tensor, ...],
    ) -> Tensor:
        """Return [b] probabilities."""
        sub, encoder = self.model.sub, self.model.sub.encoder
        computed, rest = {vector.column for vector in sub.computed_vectors}, iter(tables)
        count = len(tables) + len(computed)
        held = tuple(torch.zeros(1, 1) if column in computed else next(rest) for column in range(count))
        label = torch.zeros_like(keys[:, 0], dtype=torch.float32)
        batch = Batch(label, continuous, categorical, bags, rows, histories, keys, None, held)
        seen = sub.with_vectors(batch, with_absent(list(encoder.published(encoder.traced(*edges)).values())))
        return torch.sigmoid(self.model.ranker(seen))


def _like(value: Any, dims: dict[int, Any]) -> Any:
    """``dims`` for each tensor of nested tuples."""
    return tuple(_like(one, dims) for one in value) if isinstance(value, tuple) else dims
