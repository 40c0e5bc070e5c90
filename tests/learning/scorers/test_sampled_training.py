"""Every operator learns from sampled negatives, by every loss of scores that suits it."""

import numpy as np
import pytest
import torch

from embedding_features.evaluate.filtered_rank import rank_triples
from embedding_features.graph.triples import TripleArrays
from embedding_features.objectives import Margin, SampledSoftmax, ScoreObjective, SelfAdversarial
from embedding_features.scorers import ComplEx, DistMult, RelationScorer, RotatE, TransE

NODES = 24
#: one step on, and to the other node of the pair: a diagonal operator knows no direction
CHAIN = TripleArrays(np.arange(NODES - 1), np.zeros(NODES - 1, np.int64), np.arange(1, NODES))
TWINS = TripleArrays(np.arange(NODES), np.zeros(NODES, np.int64), np.arange(NODES) ^ 1)

PAIRS: list[tuple[RelationScorer, ScoreObjective]] = [
    (TransE(metric="l1"), Margin()),
    (TransE(metric="l2"), SampledSoftmax()),
    (TransE(metric="l2"), SelfAdversarial(margin=3.0)),
    (DistMult(), SampledSoftmax()),
    (ComplEx(), SampledSoftmax()),
    (ComplEx(), Margin()),
    (RotatE(metric="moduli"), SelfAdversarial(margin=3.0)),
    (RotatE(metric="l2"), Margin()),
]


@pytest.mark.parametrize(
    ("scorer", "objective"), PAIRS, ids=[f"{scorer.kind}-{objective.kind}" for scorer, objective in PAIRS]
)
def test_operators_learn(scorer: RelationScorer, objective: ScoreObjective) -> None:
    triples = TWINS if isinstance(scorer, DistMult) else CHAIN
    generator = torch.Generator().manual_seed(0)
    vectors = torch.nn.Parameter(torch.randn(NODES, 16, generator=generator) * 0.3)
    compare = scorer.build(2, 16, generator)
    src, relation, dst = (torch.from_numpy(column) for column in triples.with_inverses(1))
    optimizer = torch.optim.Adam([vectors, *compare.parameters()], lr=0.02)
    for _ in range(300):
        negatives = torch.randint(NODES, (len(src), 8), generator=generator)
        known = compare(vectors[src], relation, vectors[dst])
        others = compare(vectors[src].unsqueeze(1), relation.unsqueeze(1), vectors[negatives])
        optimizer.zero_grad()
        objective.of_scores(known, others).backward()
        optimizer.step()
    ranks = rank_triples(compare, vectors.detach().numpy(), triples, triples, reciprocal=True)
    assert ranks.mrr > 0.6  # by chance .16; a translation may leave the source itself nearer
