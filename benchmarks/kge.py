"""Measures training on the triples of FB15k-237 beside pykeen's, at equal dimension, batch and negatives.

    python -m benchmarks.kge --operator translation --json

Both sides learn each triple from both of its sides, by reciprocal relations, Adam and the softmax over as
many drawn targets, from vectors drawn alike; ours draw them once for a batch, pykeen's once for a triple.
``triples_per_s`` counts each training triple once an epoch. One side trains after the other, ours after a
warm-up, on as many threads. The filtered MRR is of the validation triples, by one judge for both.

pykeen gets an environment of its own (:mod:`benchmarks.peer_environment`); with ``--without-peers`` ours
stands alone. The data lies in ``$EMBEDDING_FEATURES_DATA/fb15k237``.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.catalogue.data.fb15k237 import read
from benchmarks.harness import emit, peak_rss_mb
from benchmarks.kge_peers import MODULES, OPERATORS, PACKAGES, Setting, pykeen_training
from benchmarks.peer_environment import peer_python
from embedding_features.arrays import F32
from embedding_features.evaluate.filtered_rank import rank_triples
from embedding_features.graph.triples import TripleArrays
from embedding_features.objectives import SampledSoftmax
from embedding_features.scorers import Compare

NODES, RELATIONS = 14_541, 237


def our_training(setting: Setting, triples: TripleArrays) -> tuple[float, F32, Compare]:
    """Return the seconds of our epochs, the [nodes, dim] vectors and the operator that were learned."""
    for seed, epochs in ((1, 1), (0, setting.epochs)):
        generator = torch.Generator().manual_seed(seed)
        table = torch.randn(NODES, setting.dim, generator=generator).mul_(setting.std).requires_grad_()
        scorer = OPERATORS[setting.operator][0].model_copy(update={"std": setting.std})
        compare = scorer.build(2 * RELATIONS, setting.dim, generator)
        optimizer = torch.optim.Adam([table, *compare.parameters()], lr=setting.lr, fused=True)
        columns = torch.from_numpy(np.stack(triples.with_inverses(RELATIONS), axis=1))
        started = time.perf_counter()
        for _ in range(epochs):
            order = torch.randperm(len(columns), generator=generator)
            for edges in order.split(setting.batch_size):
                drawn = torch.randint(NODES, (setting.negatives,), generator=generator)
                loss = _loss(table, compare, columns[edges], drawn)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        seconds = time.perf_counter() - started
    return seconds, table.detach().numpy(), compare


def _loss(table: torch.Tensor, compare: Compare, edges: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    src, relation, dst = edges.T
    rows = table.index_select(0, torch.cat([src, dst, drawn]))
    ends, negatives = rows[: 2 * len(edges)], rows[2 * len(edges) :]
    source, target = ends.chunk(2)
    known = compare(source, relation, target)
    return SampledSoftmax().loss(known, compare.cross(compare.query(source, relation), negatives))


def main() -> None:
    """Measure and report."""
    arguments = _arguments()
    if not arguments.without_peers:
        with peer_python(arguments.environment, PACKAGES, MODULES) as python:
            if python != sys.executable:
                again = [python, "-m", "benchmarks.kge", *sys.argv[1:]]
                sys.exit(subprocess.run(again, check=False).returncode)
    names = ("operator", "dim", "batch_size", "negatives", "epochs", "lr", "std")
    setting = Setting(**{name: getattr(arguments, name) for name in names})
    train, valid, test = (read(split) for split in ("train", "valid", "test"))
    known = TripleArrays(*map(np.concatenate, zip(train, valid, test, strict=True)))
    rate, mrr = judged(our_training(setting, train), setting.epochs * len(train.src), valid, known)
    result: dict[str, Any] = {"operator": setting.operator, "threads": torch.get_num_threads()}
    result |= {"triples_per_s": rate, "valid_mrr": mrr}
    if arguments.without_peers:
        result["peers"] = "not asked for"
    else:
        trained = pykeen_training(setting, train, NODES, RELATIONS)
        theirs, their_mrr = judged(trained, setting.epochs * len(train.src), valid, known)
        result |= {"pykeen_triples_per_s": theirs, "triples_per_s_vs_pykeen": rate / theirs}
        result |= {"pykeen_valid_mrr": their_mrr}
    emit({**result, "peak_rss_mb": peak_rss_mb()}, arguments.json)


def judged(
    trained: tuple[float, F32, Compare], triples: int, valid: TripleArrays, known: TripleArrays
) -> tuple[float, float]:
    """Return triples a second and the filtered MRR of what was trained on so many ``triples``."""
    seconds, vectors, compare = trained
    return triples / seconds, rank_triples(compare, vectors, valid, known, reciprocal=True).mrr


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--operator", choices=sorted(OPERATORS), default="translation")
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--negatives", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--std", type=float, default=0.05, help="of the vectors at the start")
    parser.add_argument("--environment", type=Path, help="keep pykeen's environment here for the next time")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
