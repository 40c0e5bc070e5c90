"""Training that goes on from an earlier fit: by a start, a pull towards it, or vectors that stay."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from embedding_features.artifact.embeddings import Embeddings
from embedding_features.encoders.base import Encoded, Network
from embedding_features.errors import CompatibilityError, ConfigError
from embedding_features.graph.graph import Graph
from embedding_features.graph.view import GraphView
from embedding_features.methods.earlier import find_before
from embedding_features.sampling.base import Examples


@dataclass(frozen=True)
class Previous:
    """Holds the parameters of the nodes that an earlier fit had, and what is to happen to them.

    Attributes:
        table: [nodes, dim] parameters at the start.
        known: [nodes] whether the earlier fit had the node.
        l2: λ of the pull.
        frozen: rows of ``table`` that stay.
    """

    table: Tensor
    known: Tensor
    l2: float
    frozen: Tensor

    def pull(self, examples: Examples, ego: Encoded) -> Tensor:
        """Return the mean over examples of λ/2 |x − x_before|² of both ends, where they were known."""
        rows = torch.cat([examples.src, examples.dst])
        moved = (torch.cat([ego.src, ego.dst]) - self.table[rows]) * self.known[rows].unsqueeze(1)
        return self.l2 / 2 * moved.square().sum() / len(examples.src)

    @torch.no_grad()
    def put_back(self, table: nn.Parameter) -> None:
        """Set the frozen rows to what they were."""
        table[self.frozen] = self.table[self.frozen]


def start_from(
    network: Network, init: Embeddings, graph: Graph, view: GraphView, l2: float, freeze: tuple[str, ...]
) -> Previous | None:
    """Copy an earlier fit's parameters into a network, matched by id; other rows stay as they are.

    Copied are the parameters, and the rotation, of the network that ``init`` was made by where it is of the
    same kind, else the vectors of its tables.

    Args:
        network: to start; changed in place.
        init: embeddings of the earlier graph.
        graph: the graph to learn from now.
        view: its nodes are those of the network.
        l2: λ of the pull towards the earlier parameters.
        freeze: node types whose earlier rows stay.

    Returns:
        What the pull and the freezing need; None where neither is asked for.

    Raises:
        CompatibilityError: when ``init`` has another dim, lacks a node type, or its ids are of another type.
        ConfigError: when a frozen node type is none of the view, or the network has no row for each node.
    """
    if init.dim != network.settings.dim:
        raise CompatibilityError(
            f"init has dim {init.dim}, the method {network.settings.dim}",
            fix=f"set dim: {init.dim}, or start without init",
        )
    start = find_before(init, graph, view, view.nodes)
    same = init.encoder if type(init.encoder) is type(network) and isinstance(init.encoder, Network) else None
    known = torch.cat([torch.from_numpy(before.rows >= 0) for before in start.values()])
    for name, parameter in network.row_parameters().items():
        if same is None and name != "table":
            continue  # the tables hold vectors, which are no such parameters
        earlier = None if same is None else same.rows_by_type(same.row_parameters()[name].detach())
        for node_type, own in network.rows_by_type(parameter.detach()).items():
            before = start[node_type]
            if earlier is not None and node_type not in earlier:
                continue  # it had features then
            source = torch.from_numpy(before.table) if earlier is None else earlier[node_type]
            found = np.flatnonzero(before.rows >= 0)
            own[torch.from_numpy(found)] = source[torch.from_numpy(before.rows[found])]
    if same is not None:
        network.rotation.copy_(same.rotation)  # the parameters that were copied are from before it
        _copy_shared(network, same)
    return _previous(network, view, known, l2, freeze)


def _copy_shared(network: Network, earlier: Network) -> None:
    """Copy the parameters that belong to no node, where they are of the same shape."""
    of_rows = set(network.row_parameters())
    before = dict(earlier.named_parameters())
    for name, parameter in network.named_parameters():
        if name not in of_rows and name in before and before[name].shape == parameter.shape:
            with torch.no_grad():
                parameter.copy_(before[name])


def _previous(
    network: Network, view: GraphView, known: Tensor, l2: float, freeze: tuple[str, ...]
) -> Previous | None:
    if not l2 and not freeze:
        return None
    unknown = set(freeze) - set(view.nodes)
    of_all = "table" in network.row_parameters() and set(network.row_types) == set(view.nodes)
    if unknown or not of_all:
        raise ConfigError(
            f"freeze or previous_l2 of {', '.join(sorted(unknown)) or network.settings.kind}: no such table",
            fix=f"name some of {', '.join(view.nodes)}, of a method with a vector for each node",
        )
    frozen = torch.zeros(len(known), dtype=torch.bool)
    for node_type in freeze:
        frozen[view.span(node_type)] = known[view.span(node_type)]
    table = network.row_parameters()["table"].detach().clone()
    return Previous(table, known, l2, frozen)
