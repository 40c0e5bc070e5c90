"""Measures methods of knowledge graphs on FB15k-237: filtered ranks of both sides, and what a fit takes.

    python -m benchmarks.link_prediction --method complex --json
    python -m benchmarks.link_prediction --method transe --split valid --set lr=0.01 --set epochs=20

Each relation of the data is one of the graph's, and what is fitted sees its training triples alone. The
triples of one split are ranked by the published vectors, ties as their mean rank; known triples of all splits
are filtered. An entity without a training triple has no vector, and stands there with one of zeros.
``triples_per_s`` counts each training triple once an epoch, though it is learned from both sides. The data
lies in ``$EMBEDDING_FEATURES_DATA/fb15k237``.
"""

import argparse
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks.harness import data_root, emit, peak_rss_mb, timed
from embedding_features.arrays import F32
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.evaluate.filtered_rank import FilteredRanks, rank_triples
from embedding_features.evaluate.relation_queries import published_scorer
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.graph.triples import TripleArrays
from embedding_features.methods import make, methods

#: the data has no times
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
FAMILY = [name for name, info in methods().items() if info.family == "knowledge graph"]


def main() -> None:
    """Fit, rank and report."""
    arguments = _arguments()
    splits = {split: read(split) for split in ("train", "valid", "test")}
    known = TripleArrays(*map(np.concatenate, zip(*splits.values(), strict=True)))
    entities, relations = max(known.src.max(), known.dst.max()) + 1, known.relation.max() + 1
    method = make(arguments.method, **dict(arguments.set))
    with timed() as fit:
        embeddings = method.fit(graph_of(splits["train"], entities, relations), seed=arguments.seed)
    fit_peak = peak_rss_mb()
    with timed() as ranking:
        judged = ranks(embeddings, splits[arguments.split], known)
    learned = embeddings.provenance.figures["epochs"] * len(splits["train"].src)
    report = {
        "method": arguments.method,
        "seed": arguments.seed,
        "split": arguments.split,
        "mrr": judged.mrr,
        **{f"hits@{k}": judged.hits(k) for k in (1, 3, 10)},
        "mean_rank": judged.mean_rank,
        "fit_seconds": fit.seconds,
        "fit_cpu_seconds": fit.cpu_seconds,
        "triples_per_s": learned / fit.seconds,
        "fit_peak_rss_mb": fit_peak,
        "ranking_seconds": ranking.seconds,
        "ranking_cpu_seconds": ranking.cpu_seconds,
        "peak_rss_mb": peak_rss_mb(),
    }
    emit(report, arguments.json)


def read(split: str) -> TripleArrays:
    """Return the triples of a split."""
    table = pq.read_table(data_root("fb15k237") / "triples.parquet", filters=[("split", "=", split)])
    columns = (table[name].to_numpy().astype(np.int64) for name in ("head", "relation", "tail"))
    return TripleArrays(*columns)


def graph_of(triples: TripleArrays, entities: int, relations: int) -> Graph:
    """Return triples as a graph of relations between entities; row r is entity r."""
    made = {}
    for number in range(relations):
        of = triples.relation == number
        name, ends = f"relation_{number:03}", (triples.src[of], triples.dst[of])
        made[name] = Relation.from_edges(name, "entity", "entity", *ends, (entities, entities))
    return Graph(AS_OF, {"entity": Vocabulary.from_ids(pa.array(range(entities)))}, made)


def ranks(embeddings: Embeddings, triples: TripleArrays, known: TripleArrays) -> FilteredRanks:
    """Return the filtered ranks of both sides, by the published vectors."""
    return rank_triples(
        published_scorer(embeddings), entity_vectors(embeddings), triples, known, reciprocal=True
    )


def entity_vectors(embeddings: Embeddings) -> F32:
    """Return [entities, dim] vectors, zero where an entity has none."""
    table = embeddings.tables["entity"]
    vectors = np.zeros((table.catalogue, table.dim), np.float32)
    vectors[table.ids.to_numpy()] = table.vectors
    return vectors


def _setting(text: str) -> tuple[str, Any]:
    key, _, value = text.partition("=")
    return key, yaml.safe_load(value)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--method", choices=FAMILY, default="complex")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=("valid", "test"), default="test")
    parser.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="parameter of the method",
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
