"""Measures training on the triples of FB15k-237 beside pykeen's, at equal dimension, batch and negatives.

    python -m benchmarks.kge --operator translation --json

Both sides learn each triple from both of its sides, by reciprocal relations, Adam and the softmax over as
many drawn targets, from vectors drawn alike; ours, a composition as any method is, draws them once for a
sixteenth of a batch, pykeen's once for a triple. ``triples_per_s`` counts each training triple once an
epoch. One side trains after the other, ours after a warm-up, on as many threads. The filtered MRR is of the
validation triples, by one judge for both.

pykeen gets an environment of its own (:mod:`benchmarks.peer_environment`); with ``--without-peers`` ours
stands alone. The data lies in ``$EMBEDDING_FEATURES_DATA/fb15k237``.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from benchmarks.catalogue.data.base import Data, Triples
from benchmarks.catalogue.data.fb15k237 import fb15k237
from benchmarks.catalogue.judges.links import LinkJudge
from benchmarks.harness import emit, peak_rss_mb
from benchmarks.kge_peers import MODULES, OPERATORS, PACKAGES, Setting, pykeen_training
from benchmarks.peer_environment import peer_python
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.encoders import Lookup
from embedding_features.evaluate.filtered_rank import rank_triples
from embedding_features.graph.view import View
from embedding_features.methods import Trained
from embedding_features.methods.task import Task
from embedding_features.objectives import SampledSoftmax
from embedding_features.sampling import Triples as TripleSampler
from embedding_features.training import Adam, Training

#: parts of a batch that share their negatives: the more, the more like a draw for each triple
CHUNKS = 16


def our_method(setting: Setting) -> Trained:
    """Return the composition that trains as pykeen does, with negatives that a chunk of a batch shares."""
    return Trained(
        view=View(weights="one"),
        encoder=Lookup(dim=setting.dim, std=setting.std),
        tasks=(
            Task(
                sampler=TripleSampler(count=setting.negatives, chunks=CHUNKS, alpha=0, in_batch=False),
                scorer=OPERATORS[setting.operator][0].model_copy(update={"std": setting.std}),
                objective=SampledSoftmax(),
            ),
        ),
        training=Training(
            optimizer=Adam(lr=setting.lr),
            batch_size=setting.batch_size,
            epochs=setting.epochs,
            early_stop=None,
        ),
    )


def our_training(setting: Setting, data: Data[Triples]) -> tuple[float, Embeddings]:
    """Return the seconds of our epochs, and what was learned, after an epoch of warm-up."""
    method = our_method(setting)
    once = method.training.model_copy(update={"epochs": 1})
    method.model_copy(update={"training": once}).fit(data.graph, seed=1)
    learned = method.fit(data.graph, seed=0)
    return learned.provenance.figures["fit_seconds"], learned


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
    data = fb15k237()
    train, nodes = data.asked.splits["train"], len(data.graph.vocabularies["entity"])
    learned = setting.epochs * len(train.src)
    seconds, ours = our_training(setting, data)
    mrr = LinkJudge(split="valid").ranks(data.asked, ours).mrr
    result: dict[str, Any] = {"operator": setting.operator, "threads": torch.get_num_threads()}
    result |= {"triples_per_s": learned / seconds, "valid_mrr": mrr}
    if arguments.without_peers:
        result["peers"] = "not asked for"
    else:
        their_seconds, vectors, compare = pykeen_training(setting, train, nodes, len(data.graph.relations))
        asked = data.asked
        ranks = rank_triples(compare, vectors, asked.splits["valid"], asked.known, reciprocal=True)
        result |= {"pykeen_triples_per_s": learned / their_seconds, "pykeen_valid_mrr": ranks.mrr}
        result |= {"triples_per_s_vs_pykeen": their_seconds / seconds}
    emit({**result, "peak_rss_mb": peak_rss_mb()}, arguments.json)


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
