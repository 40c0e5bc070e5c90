"""Training that goes on from an earlier fit: by a start, a pull towards it, or vectors that stay."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

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
        rows: name → [nodes, …] parameters at the start.
        known: [nodes] whether the earlier fit had the node.
        l2: λ of the pull.
        frozen: [nodes] whose rows stay.
    """

    rows: Mapping[str, Tensor]
    known: Tensor
    l2: float
    frozen: Tensor

    def pull(self, examples: Examples, ego: Encoded, network: Network) -> Tensor:
        """Return the mean over examples of λ/2 |x − x_before|² of both ends, where they were known.

        x of the table are given as ``ego``, which may know a cheaper gradient.
        """
        rows = torch.cat([examples.src, examples.dst])
        total: Tensor = torch.zeros((), device=rows.device)
        for name, before in self.rows.items():
            given = name == "table"
            now = torch.cat([ego.src, ego.dst]) if given else network.get_parameter(name)[rows]
            total = total + ((now - before[rows]) * self.known[rows].unsqueeze(1)).square().sum()
        return self.l2 / 2 * total / len(examples.src)

    @torch.no_grad()
    def put_back(self, network: Network) -> None:
        """Set the frozen rows to what they were."""
        for name, before in self.rows.items():
            network.get_parameter(name)[self.frozen] = before[self.frozen]


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
    for name in _with_rows(network):
        if name not in (("table",) if same is None else _with_rows(same)):
            continue  # the tables hold vectors, which are no such parameters
        earlier = None if same is None else same.parts(name)
        for node_type, part in network.parts(name).items():
            before = start[node_type]
            if earlier is not None and node_type not in earlier:
                continue  # it had features then
            source = torch.from_numpy(before.table) if earlier is None else earlier[node_type]
            found = np.flatnonzero(before.rows >= 0)
            part[torch.from_numpy(found)] = source[torch.from_numpy(before.rows[found])]
    if same is not None:
        network.rotation.copy_(same.rotation)  # the parameters that were copied are from before it
        _copy_shared(network, same)
    return _previous(network, view, known, l2, freeze)


def _with_rows(network: Network) -> tuple[str, ...]:
    """Return the names of the parameters that have rows for nodes."""
    return (*network.row_parameters(), *network.type_parameters())


def _copy_shared(network: Network, earlier: Network) -> None:
    """Copy the parameters that belong to no node, where they are of the same shape."""
    with_rows = _with_rows(network)
    before = dict(earlier.named_parameters())
    for name, parameter in network.named_parameters():
        if name not in with_rows and name in before and before[name].shape == parameter.shape:
            with torch.no_grad():
                parameter.copy_(before[name])


def _previous(
    network: Network, view: GraphView, known: Tensor, l2: float, freeze: tuple[str, ...]
) -> Previous | None:
    if not l2 and not freeze:
        return None
    unknown = set(freeze) - set(view.nodes)
    if unknown or "table" not in network.row_parameters():
        raise ConfigError(
            f"freeze or previous_l2 of {', '.join(sorted(unknown)) or network.settings.kind}: no such table",
            fix=f"name some of {', '.join(view.nodes)}, of a method with a vector for each node",
        )
    frozen = torch.zeros(len(known), dtype=torch.bool)
    for node_type in freeze:
        frozen[view.span(node_type)] = known[view.span(node_type)]
    rows = {name: parameter.detach().clone() for name, parameter in network.row_parameters().items()}
    return Previous(rows, known, l2, frozen)
