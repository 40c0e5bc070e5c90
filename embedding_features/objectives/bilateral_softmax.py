"""The softmax over negatives that a batch shares, with a power on their side."""

from typing import Any, Literal, cast

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import normalize

from embedding_features.errors import ConfigError
from embedding_features.objectives.base import Objective, Step

#: scores that are held at a time: 4 MiB
_BLOCK = 1 << 20


class BilateralSoftmax(Objective):
    """Asks for the known edge among the negatives that its batch shares, by cosine.

    loss = mean over pairs of −cos(q, t)/τ + power · ln Σ_j e^{cos(q, j)/τ}
         + l2 / 2 · mean over pairs of |q|² + |t|²

    The sum is over the negatives that are not left out, t itself at least. With power 1 it is the sampled
    softmax loss, with another the bilateral one (Wu et al., BSL, ICDE 2024): more of it pushes
    negatives harder. Of several positives t of an anchor the first term is −ln of the mean of
    e^{cos(q, t)/τ}, as in the paper: those that the anchor is far from move it less. Vectors are trained by
    their directions alone and keep their lengths, which hold popularity: scored by the dot product they find
    more than by the cosine.

    Attributes:
        temperature: τ; a lower one learns from the hardest negatives.
        power: of the sum of negatives.
        l2: weight of the penalty on the vectors of a batch.
        products: type in which matrices are multiplied; bfloat16 is faster on some processors, and its
            roundings are below the noise of a step.
    """

    kind: Literal["bilateral_softmax"] = "bilateral_softmax"
    temperature: float = Field(default=0.12, gt=0)
    power: float = Field(default=1.0, gt=0)
    l2: float = Field(default=0.0, ge=0)
    products: Literal["float32", "bfloat16"] = "float32"

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar.

        Raises:
            ConfigError: when the negatives are not shared by the batch.
        """
        examples, targets, negatives = step.examples, step.encoded.dst, step.encoded.negatives
        if examples.negatives.ndim != 1:
            raise ConfigError(
                "bilateral_softmax needs negatives that the whole batch shares",
                fix="take the sampler in_batch_pairs or shared_negatives",
            )
        unit, of = normalize(step.queries, dim=1) / self.temperature, examples.of
        of_targets = unit if of is None else unit.index_select(0, of)
        known = (of_targets * normalize(targets, dim=1)).sum(1)
        left_out = examples.left_out
        if left_out is None:
            left_out = places_of(examples.dst, examples.negatives)
            left_out = left_out if of is None else torch.stack([of[left_out[0]], left_out[1]])
        among = mean_log_sum(
            unit,
            normalize(negatives, dim=1),
            left_out,
            chances=examples.chances,
            products=torch.bfloat16 if self.products == "bfloat16" else torch.float32,
        )
        pooled = known if of is None else log_means(known, of, len(unit))
        loss = self.power * among - pooled.mean()
        squares = step.queries.square().sum() / len(unit) + targets.square().sum() / len(targets)
        return loss + 0.5 * self.l2 * squares


def log_means(scores: Tensor, of: Tensor, groups: int) -> Tensor:
    """Return [groups] ln of the mean of e^s over each group's scores; every group must have one.

    Args:
        scores: [n] float32.
        of: [n] int64, the group of each.
        groups: how many there are.
    """
    top = scores.new_full((groups,), float("-inf")).scatter_reduce(0, of, scores.detach(), "amax")
    sums = scores.new_zeros(groups).index_add(0, of, (scores - top[of]).exp())
    counts = scores.new_zeros(groups).index_add(0, of, torch.ones_like(scores))
    return top + (sums / counts).log()


def places_of(wanted: Tensor, among: Tensor) -> Tensor:
    """Return [2, n] int64 all rows r and columns c with wanted[r] = among[c]; rows ascend."""
    order = torch.argsort(among)
    ordered = among[order]
    first = torch.searchsorted(ordered, wanted)
    counts = torch.searchsorted(ordered, wanted, right=True) - first
    rows = torch.repeat_interleave(torch.arange(len(wanted), device=wanted.device), counts)
    begins = torch.repeat_interleave(first - (counts.cumsum(0) - counts), counts)
    return torch.stack([rows, order[begins + torch.arange(len(rows), device=rows.device)]])


def mean_log_sum(
    queries: Tensor,
    nodes: Tensor,
    left_out: Tensor,
    *,
    chances: Tensor | None = None,
    products: torch.dtype = torch.float32,
) -> Tensor:
    """Return the mean over queries of ln Σ_j e^{⟨q, j⟩} / chance_j, a scalar.

    A query all of whose nodes are left out counts as 0.

    Args:
        queries: [batch, dim] float32.
        nodes: [n, dim] float32.
        left_out: [2, n] rows, ascending, and columns of the pairs that are left out of the sums.
        chances: [n] above 0, how often each node is expected among these; None weighs all alike.
        products: type in which matrices are multiplied and exponentials are taken; sums are float32.
    """
    return cast(Tensor, _MeanLogSum.apply(queries, nodes, left_out, chances, products))  # type: ignore[no-untyped-call]


class _MeanLogSum(torch.autograd.Function):
    # By hand: the gradients are made from each block of scores while it is in the cache, and none is kept.

    @staticmethod
    def forward(
        ctx: Any,
        queries: Tensor,
        nodes: Tensor,
        left_out: Tensor,
        chances: Tensor | None,
        products: torch.dtype,
    ) -> Tensor:
        rows, columns = left_out.contiguous()
        rough, log_chances = nodes.to(products), None if chances is None else chances.log().to(products)
        total, of_nodes = queries.new_zeros(()), torch.zeros_like(nodes)
        of_queries = torch.empty_like(queries)
        size = max(1, _BLOCK // max(1, len(nodes)))
        for start in range(0, len(queries), size):
            part = queries[start : start + size]
            block = part.to(products) @ rough.T
            if log_chances is not None:
                block.sub_(log_chances)
            borders = torch.tensor([start, start + len(part)], device=rows.device)
            first, last = torch.searchsorted(rows, borders).tolist()
            block[rows[first:last] - start, columns[first:last]] = float("-inf")
            log_sums, sums = _to_exponentials(block)
            total += log_sums.sum()
            of_queries[start : start + size] = (block @ rough).float().div_(sums)
            of_nodes += (block.T @ (part / sums).to(products)).float()
        ctx.save_for_backward(of_queries.div_(len(queries)), of_nodes.div_(len(queries)))
        return total / len(queries)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        of_queries, of_nodes = ctx.saved_tensors
        return of_queries * gradients[0], of_nodes * gradients[0], None, None, None


def _to_exponentials(block: Tensor) -> tuple[Tensor, Tensor]:
    """Turn scores, in place, into e^{s − the row's greatest}; return [rows, 1] ln Σ e^s, and the new sums.

    A row of −∞ alone, a query all of whose nodes are left out, has the logarithm 0 and no exponentials.
    """
    top = block.amax(1, keepdim=True)
    nothing = top == float("-inf")
    block.sub_(top.masked_fill_(nothing, 0.0)).exp_()
    sums = block.sum(1, keepdim=True, dtype=torch.float32).masked_fill_(nothing, 1.0)
    return sums.log() + top, sums
