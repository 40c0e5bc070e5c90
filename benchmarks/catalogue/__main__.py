"""Shows what each method reaches on public data, beside what was published and what it must reach.

    python -m benchmarks.catalogue --family proximity --json

A row is a method on a data set: the mean and the spread of its figures over seeds, the seconds of a fit,
and the most memory that its process held. Rows are kept in benchmarks/results with hashes of their
settings, data and code: only what is missing or has changed is run, the rest is shown as it was kept.
Where only code has changed, the first seed is run alone; if its figures are the kept ones, the row stands.
``--method NAME --rerun`` runs one anew, ``--kept`` runs nothing and marks what is stale. ``--markdown``
writes the kept rows into docs/methods.md and into what ``embedding-features methods NAME`` says. The last
line of JSON has ``rows``, how many ``methods`` they are of, and how many are ``below_floor``.
"""

import argparse
import json
import sys

from benchmarks.catalogue.families import ROWS
from benchmarks.catalogue.rows import FAMILIES, Row
from benchmarks.catalogue.run import Wish, show
from benchmarks.catalogue.table import HEAD, cells, floors_of, report
from benchmarks.catalogue.written import all_kept, means, write


def main() -> None:
    """Show, and run where need be."""
    arguments = _arguments()
    wish = Wish(arguments.seeds, rerun=arguments.rerun, kept=arguments.kept)
    shown = [show(row, wish) for row in _chosen(arguments.family, arguments.method)]
    reached = means(all_kept())
    _print(
        [[*HEAD, "status"]]
        + [[*cells(one.row, one.kept, floors_of(one.row, reached)), one.status] for one in shown]
    )
    if arguments.markdown:
        write()
    if arguments.json:
        print(json.dumps(report(shown, reached), allow_nan=False), flush=True)
    if any(one.status.startswith("failed") for one in shown):
        sys.exit(1)


def _chosen(family: str | None, method: str | None) -> list[Row]:
    """Return the rows of a family and of a method, all where None is said."""
    rows = [row for row in ROWS.values() if family in (None, row.family) and method in (None, row.method)]
    if not rows:
        sys.exit(
            f"no row of {method}: name one of {', '.join(sorted({row.method for row in ROWS.values()}))}"
        )
    return rows


def _print(lines: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", choices=FAMILIES, help="all without it")
    parser.add_argument("--method", help="only the rows of this one")
    parser.add_argument("--seeds", type=int, help="how many fits; a row's own number without it")
    parser.add_argument("--rerun", action="store_true", help="run even what holds still")
    parser.add_argument("--kept", action="store_true", help="run nothing; what has changed is marked stale")
    parser.add_argument("--markdown", action="store_true", help="write docs/methods.md and measured.json")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
