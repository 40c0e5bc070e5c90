"""Measures how good vectors of nodes are that came after the training: ``python -m benchmarks.inductive``.

A tenth of the nodes is held out of training with all their edges. Then the encoder makes their vectors, and
they are judged beside those of a full retrain: ``ratio`` is what they reach of its quality, ``ms_per_node``
what one node costs.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.harness import emit, setting
from benchmarks.inductive.gowalla import measure as gowalla

#: data → what measures it, of a seed and settings of its method
MEASURES: Mapping[str, Callable[[int, Mapping[str, Any]], dict[str, Any]]] = {"gowalla": gowalla}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=MEASURES, default="gowalla")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set", type=setting, nargs="*", default=[], help="settings of the method, name=value"
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    arguments = parser.parse_args()
    emit(MEASURES[arguments.data](arguments.seed, dict(arguments.set)), arguments.json)


if __name__ == "__main__":
    main()
