"""The softmax of each known target among all nodes, from products of matrices."""

from typing import Any, Literal, cast

import torch
from torch import Tensor

from embedding_features.discrepancy.kernels import squared_distances

#: the least squared distance: nearer ones are the rounding of |q|² + |t|² − 2 ⟨q, t⟩
_NEAREST = 1e-10


def one_vs_all_loss(
    queries: Tensor, nodes: Tensor, rows: Tensor, targets: Tensor, metric: Literal["dot", "l2"]
) -> Tensor:
    """Return the mean over known edges of −ln softmax_t(s(q, t)), a scalar; the softmax is over all nodes.

    This is the full log-loss of Lacroix, Usunier & Obozinski, Canonical Tensor Decomposition for Knowledge
    Base Completion, ICML 2018, section 2. A query with several targets is scored once: that saves
    most of the work where a source has many edges of one relation, and changes nothing in the loss.

    s is ⟨q, t⟩ or −‖q − t‖₂. Memory is two [batch, n] blocks.

    Args:
        queries: [batch, dim] float32.
        nodes: [n, dim] vectors of all nodes.
        rows: [edges] int64, the query of each known edge.
        targets: [edges] int64 rows of ``nodes``.
        metric: how a query is compared with a node.
    """
    return cast(Tensor, _OneVsAll.apply(queries, nodes, rows, targets, metric))  # type: ignore[no-untyped-call]


class _OneVsAll(torch.autograd.Function):
    # By hand, because autograd would keep a block for each step between the product and the loss.

    @staticmethod
    def forward(
        ctx: Any, queries: Tensor, nodes: Tensor, rows: Tensor, targets: Tensor, metric: Literal["dot", "l2"]
    ) -> Tensor:
        if metric == "dot":
            scores = queries @ nodes.T
        else:
            scores = squared_distances(queries, nodes).clamp_(min=_NEAREST).sqrt_().neg_()
        known = torch.bincount(rows, minlength=len(queries)).to(scores.dtype)
        total = scores.logsumexp(dim=1, keepdim=True)
        loss = (known @ total).squeeze() - scores[rows, targets].sum()
        slope = torch.sub(scores, total).exp_().mul_(known.unsqueeze(1))  # ∂ loss / ∂ scores
        slope.index_put_((rows, targets), -torch.ones_like(scores[:1, 0]), accumulate=True)
        if metric == "l2":
            slope.div_(scores).neg_()  # ∂ s / ∂ ⟨q, t⟩ = 1 / ‖q − t‖
        ctx.save_for_backward(queries, nodes, slope.div_(len(rows)))
        ctx.metric = metric
        return loss / len(rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        queries, nodes, slope = ctx.saved_tensors
        of_queries, of_nodes = slope @ nodes, slope.T @ queries
        if ctx.metric == "l2":
            of_queries.addcmul_(slope.sum(dim=1, keepdim=True), queries, value=-1)
            of_nodes.addcmul_(slope.sum(dim=0).unsqueeze(1), nodes, value=-1)
        return of_queries.mul_(gradients[0]), of_nodes.mul_(gradients[0]), None, None, None
