"""Measures how good vectors of nodes are that came after the training: ``python -m benchmarks.inductive``.

    python -m benchmarks.inductive --data cora --json

Some nodes are held out of training with all their edges. Then the encoder makes their vectors, and they are
judged beside those of a full retrain: ``ratio`` is what they reach of its quality, ``ms_per_node`` what one
node costs. Figures are means over the seeds, each of which holds out other nodes.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.harness import emit, setting
from benchmarks.inductive.cora import measure as cora
from benchmarks.inductive.gowalla import measure as gowalla

#: data → what measures it, of a seed and settings of its method
MEASURES: Mapping[str, Callable[[int, Mapping[str, Any]], dict[str, float]]] = {
    "cora": cora,
    "gowalla": gowalla,
}


def main() -> None:
    """Measure and report."""
    arguments = _arguments()
    settings = dict(arguments.set)
    runs = [MEASURES[arguments.data](seed, settings) for seed in range(arguments.seeds)]
    for seed, run in enumerate(runs):
        print(f"seed {seed}  {'  '.join(f'{name} {value:.4f}' for name, value in run.items())}", flush=True)
    means = {name: sum(run[name] for run in runs) / len(runs) for name in runs[0]}
    emit({"data": arguments.data, "seeds": arguments.seeds, **means}, arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=MEASURES, default="gowalla")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument(
        "--set", type=setting, nargs="*", default=[], help="settings of the method, name=value"
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
