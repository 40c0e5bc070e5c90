"""Measures relation operators on FB15k-237: filtered ranks, and how fast they are trained.

    python -m benchmarks.link_prediction --operator complex --epochs 40 --json

Trains by the 1-vs-all loss with reciprocal relations on the data's own training triples. Every ``--every``
epochs the filtered MRR of the validation triples is taken; the vectors of its best check are judged on test,
once. ``triples_per_s`` counts each training triple once an epoch, though it is learned from both sides.
The data lies in ``$EMBEDDING_FEATURES_DATA/fb15k237``.
"""

import argparse
import copy
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks.harness import data_root, emit, peak_rss_mb, timed
from embedding_features.arrays import F32
from embedding_features.evaluate.filtered_rank import FilteredRanks, rank_triples
from embedding_features.graph.triples import TripleArrays
from embedding_features.scorers import Compare
from embedding_features.solvers.kge import OneVsAll, OneVsAllRun

#: settings of each operator
OPERATORS: dict[str, dict[str, Any]] = {
    "translation": {"scorer": {"kind": "translation"}, "dim": 128, "optimizer": "adam", "lr": 1e-3},
    "diagonal": {"scorer": {"kind": "diagonal"}, "dim": 256, "n3": 0.05},
    "complex": {"scorer": {"kind": "complex"}, "dim": 200, "n3": 0.05},
    "rotation": {"scorer": {"kind": "rotation", "metric": "l2"}, "dim": 256, "optimizer": "adam", "lr": 1e-3},
}


def main() -> None:
    """Train, choose the epoch on validation, judge on test, and report."""
    arguments = _arguments()
    train, valid, test = (read(split) for split in ("train", "valid", "test"))
    nodes, relations = 14_541, 237
    known = TripleArrays(*map(np.concatenate, zip(train, valid, test, strict=True)))
    run = OneVsAllRun(settings(arguments), train, nodes, relations, seed=arguments.seed)
    best, seconds, cpu_seconds = Best(), 0.0, 0.0
    for epoch in range(1, arguments.epochs + 1):
        with timed() as clock:
            loss = run.epoch()
        seconds, cpu_seconds = seconds + clock.seconds, cpu_seconds + clock.cpu_seconds
        if epoch % arguments.every == 0 or epoch == arguments.epochs:
            mrr = ranks(run.vectors.detach().numpy(), run.compare, valid, known).mrr
            print(f"epoch {epoch}  loss {loss:.4f}  valid MRR {mrr:.4f}  {cpu_seconds:.0f} CPU s", flush=True)
            best.see(epoch, mrr, run)
    with timed() as clock:
        judged = ranks(best.vectors, best.compare, test, known)
    report = {
        "operator": arguments.operator,
        "epoch": best.epoch,
        "valid_mrr": best.mrr,
        "test_mrr": judged.mrr,
        **{f"test_hits@{k}": judged.hits(k) for k in (1, 3, 10)},
        "test_mean_rank": judged.mean_rank,
        "epoch_s": seconds / arguments.epochs,
        "epoch_cpu_s": cpu_seconds / arguments.epochs,
        "triples_per_s": arguments.epochs * len(train.src) / seconds,
        "ranking_s": clock.seconds,
        "ranking_cpu_s": clock.cpu_seconds,
        "ranks_per_s": 2 * len(test.src) / clock.seconds,
        "peak_rss_mb": peak_rss_mb(),
    }
    emit(report, arguments.json)


class Best:
    """Keeps the vectors and the operator of the best check."""

    vectors: F32
    compare: Compare

    def __init__(self) -> None:
        self.epoch, self.mrr = 0, -1.0

    def see(self, epoch: int, mrr: float, run: OneVsAllRun) -> None:
        """Take what ``run`` has learned if its ``mrr`` is the best so far."""
        if mrr > self.mrr:
            self.epoch, self.mrr = epoch, mrr
            self.vectors, self.compare = run.vectors.detach().numpy().copy(), copy.deepcopy(run.compare)


def read(split: str) -> TripleArrays:
    """Return the triples of a split."""
    table = pq.read_table(data_root("fb15k237") / "triples.parquet", filters=[("split", "=", split)])
    columns = (table[name].to_numpy().astype(np.int64) for name in ("head", "relation", "tail"))
    return TripleArrays(*columns)


def ranks(vectors: F32, compare: Compare, triples: TripleArrays, known: TripleArrays) -> FilteredRanks:
    """Return the filtered ranks of both sides."""
    return rank_triples(compare, vectors, triples, known, reciprocal=True)


def settings(arguments: argparse.Namespace) -> OneVsAll:
    """Return the operator's settings, with those of the command line in place of their own."""
    given = {name: getattr(arguments, name) for name in ("dim", "lr", "n3", "batch_size", "sampled")}
    said = {name: value for name, value in given.items() if value is not None}
    return OneVsAll.model_validate({**OPERATORS[arguments.operator], **said})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--operator", choices=sorted(OPERATORS), default="complex")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--every", type=int, default=5, help="epochs between two checks on validation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dim", type=int)
    parser.add_argument("--lr", type=float)
    parser.add_argument("--n3", type=float)
    parser.add_argument("--batch-size", type=int, help="queries in a step")
    parser.add_argument("--sampled", type=int, help="nodes drawn for each step; all without it")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
