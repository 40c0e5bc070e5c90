"""What the kept rows are written into: the tables of docs/methods.md, and what methods say of themselves."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.catalogue.families import ROWS
from benchmarks.catalogue.kept import Kept, load
from benchmarks.catalogue.rows import FAMILIES, Family
from benchmarks.catalogue.table import cells, floors_of, markdown
from embedding_features.errors import DataError
from embedding_features.files import write_atomic
from embedding_features.methods.measured import PATH

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "methods.md"


def all_kept() -> dict[str, Kept]:
    """Return every declared row that is kept, by key."""
    found = {key: load(row) for key, row in ROWS.items()}
    return {key: kept for key, kept in found.items() if kept is not None}


def means(kept: Mapping[str, Kept]) -> dict[str, float]:
    """Return key → mean of the row's first figure."""
    return {key: one.mean[ROWS[key].metrics[0]] for key, one in kept.items()}


def table(family: Family, kept: Mapping[str, Kept]) -> str:
    """Return a family's table."""
    reached = means(kept)
    rows = [row for row in ROWS.values() if row.family == family]
    return markdown(cells(row, kept.get(row.key), floors_of(row, reached)) for row in rows)


def page(text: str, kept: Mapping[str, Kept]) -> str:
    """Return the page with each family's table between its markers.

    Raises:
        DataError: when the page lacks a family's markers.
    """
    for family in FAMILIES:
        begin, made = f"<!-- catalogue:{family} -->\n", table(family, kept)
        before, found, rest = text.partition(begin)
        _, end, after = rest.partition("<!-- end -->")
        if not (found and end):
            raise DataError(f"no {begin.strip()} … <!-- end --> in the page", fix="put the markers back")
        text = f"{before}{begin}{made}\n{end}{after}"
    return text


def figures(kept: Mapping[str, Kept]) -> dict[str, list[dict[str, Any]]]:
    """Return method → its figures, of the rows that stand for a registered method."""
    found: dict[str, list[dict[str, Any]]] = {}
    for key, one in sorted(kept.items()):
        row = ROWS[key]
        if not (row.variant or row.is_baseline):
            found.setdefault(row.method, []).extend(_figure(one, metric) for metric in row.metrics)
    return found


def _figure(kept: Kept, metric: str) -> dict[str, Any]:
    spread = kept.spread[metric]
    rounded = {"mean": round(kept.mean[metric], 4), "spread": None if spread is None else round(spread, 4)}
    settings = ", ".join(f"{name}: {value}" for name, value in kept.settings.items()) or "defaults"
    return {"data": kept.data, "metric": metric, **rounded, "seeds": len(kept.seeds), "settings": settings}


def write() -> None:
    """Write both files anew."""
    kept = all_kept()
    write_atomic(PAGE, page(PAGE.read_text(encoding="utf-8"), kept).encode())
    write_atomic(PATH, (json.dumps(figures(kept), indent=1, ensure_ascii=False) + "\n").encode())
