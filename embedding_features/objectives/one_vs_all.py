"""The softmax of each known target among all nodes, from products of matrices."""

from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor

from embedding_features.arrays import F32, I64
from embedding_features.errors import ConfigError
from embedding_features.objectives.base import Objective, Step
from embedding_features.objectives.softmax_kernel import softmax_slopes

_NOTHING = np.empty(0, np.float32)


class OneVsAll(Objective):
    """Asks for each known target among all candidates of its query: mean of −ln softmax_t(s(q, t)).

    With all nodes as candidates it is the full log-loss of Lacroix, Usunier & Obozinski, Canonical Tensor
    Decomposition for Knowledge Base Completion, ICML 2018, section 2; of drawn candidates it estimates that,
    by their chances. See :func:`one_vs_all_loss`.

    Attributes:
        products: type in which matrices are multiplied; bfloat16 is faster on some processors, and its
            roundings are below the noise of a step.
    """

    kind: Literal["one_vs_all"] = "one_vs_all"
    products: Literal["float32", "bfloat16"] = "float32"

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch of :class:`.Queries`, a scalar.

        Raises:
            ConfigError: when the examples are no such queries, or the metric is no product of matrices.
        """
        examples, metric = step.examples, step.compare.metric
        if examples.of is None or (metric != "dot" and metric != "l2"):
            raise ConfigError(
                f"one_vs_all needs queries with shared candidates and a metric of dot or l2, not {metric}",
                fix="take the sampler queries, and metric: l2 or dot, or an objective of sampled negatives",
            )
        places = torch.searchsorted(examples.negatives, examples.dst)
        return one_vs_all_loss(
            step.queries,
            step.encoded.negatives,
            examples.of,
            places,
            metric,
            chances=examples.chances,
            products=torch.bfloat16 if self.products == "bfloat16" else torch.float32,
        )


def one_vs_all_loss(
    queries: Tensor,
    nodes: Tensor,
    rows: Tensor,
    targets: Tensor,
    metric: Literal["dot", "l2"],
    *,
    chances: Tensor | None = None,
    products: torch.dtype = torch.float32,
) -> Tensor:
    """Return the mean over known edges of −ln softmax_t(s(q, t)), a scalar; the softmax is over all nodes.

    This is the full log-loss of Lacroix, Usunier & Obozinski, Canonical Tensor Decomposition for Knowledge
    Base Completion, ICML 2018, section 2. A query with several targets is scored once: that saves
    most of the work where a source has many edges of one relation, and changes nothing in the loss.

    s is ⟨q, t⟩ or −‖q − t‖₂. Memory is one [batch, n] block.

    Args:
        queries: [batch, dim] float32.
        nodes: [n, dim] vectors of all nodes.
        rows: [edges] int64, the query of each known edge.
        targets: [edges] int64 rows of ``nodes``.
        metric: how a query is compared with a node.
        chances: [n] above 0, of each node to be among ``nodes`` where these are drawn: a row's sum over the
            nodes that are not its targets is then Σ e^s / chance, in expectation that over all nodes
            (Horvitz & Thompson 1952).
        products: type in which matrices are multiplied; sums, the softmax and gradients are float32.
            bfloat16 has 8 significant bits, and is fast on processors that multiply it (AVX512-BF16, AMX).
    """
    loss = _OneVsAll.apply(queries, nodes, rows, targets, metric, chances, products)  # type: ignore[no-untyped-call]
    return cast(Tensor, loss)


class _OneVsAll(torch.autograd.Function):
    # By hand, because autograd would keep a block for each step between the product and the loss.

    @staticmethod
    def forward(
        ctx: Any,
        queries: Tensor,
        nodes: Tensor,
        rows: Tensor,
        targets: Tensor,
        metric: Literal["dot", "l2"],
        chances: Tensor | None,
        products: torch.dtype,
    ) -> Tensor:
        block = (queries.to(products) @ nodes.to(products).T).float()
        indptr, columns = _by_query(rows, targets, len(queries))
        squares = _squares(queries, metric), _squares(nodes, metric)
        log_chances = _NOTHING if chances is None else chances.float().log().numpy()
        roundoff = np.float32(torch.finfo(products).eps / 2)
        losses = softmax_slopes(block.numpy(), *squares, roundoff, log_chances, indptr, columns)
        ctx.save_for_backward(queries, nodes, block.div_(len(rows)))
        ctx.metric, ctx.products = metric, products
        return torch.tensor(losses.sum() / len(rows), dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None, None, None]:
        queries, nodes, slope = ctx.saved_tensors
        rough = slope.to(ctx.products)
        of_queries = (rough @ nodes.to(ctx.products)).float()
        of_nodes = (rough.T @ queries.to(ctx.products)).float()
        if ctx.metric == "l2":
            of_queries.addcmul_(slope.sum(dim=1, keepdim=True), queries, value=-1)
            of_nodes.addcmul_(slope.sum(dim=0).unsqueeze(1), nodes, value=-1)
        return of_queries.mul_(gradients[0]), of_nodes.mul_(gradients[0]), None, None, None, None, None


def _by_query(rows: Tensor, targets: Tensor, queries: int) -> tuple[I64, I64]:
    """Return the targets of edges query after query: [queries + 1] where each one's begin, and [edges]."""
    order = np.argsort(rows.numpy(), kind="stable")
    starts = np.searchsorted(rows.numpy()[order], np.arange(queries + 1))
    return starts, targets.numpy()[order]


def _squares(vectors: Tensor, metric: Literal["dot", "l2"]) -> F32:
    """Return the [n] squared lengths of vectors by distance, else nothing."""
    return cast(F32, vectors.square().sum(1).numpy() if metric == "l2" else _NOTHING)
