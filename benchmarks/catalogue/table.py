"""Rows as they are reported: mappings for JSON, and tables for docs/methods.md."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.catalogue.kept import Kept
from benchmarks.catalogue.rows import Row
from benchmarks.catalogue.run import Shown

HEAD = ("method", "data", "figure", "ours", "published", "floor", "CPU seconds", "peak MB", "settings")


def floors_of(row: Row, means: Mapping[str, float]) -> dict[str, float]:
    """Return figure → what a row must reach: its floors, the first raised to what another row reached.

    Args:
        row: with floors, and perhaps a row that it must be above.
        means: key → first figure of every row that is kept.
    """
    floors = dict(row.floors)
    if row.above is not None and row.above.key in means:
        asked, first = means[row.above.key] + row.above.margin, row.metrics[0]
        floors[first] = max(asked, floors.get(first, asked))
    return floors


def report(shown: Sequence[Shown], means: Mapping[str, float]) -> dict[str, Any]:
    """Return what the last line of JSON says.

    Args:
        shown: the rows.
        means: key → first figure of every row that is kept, of other families, too.
    """
    rows = [report_row(one, floors_of(one.row, means)) for one in shown]
    return {
        "rows": rows,
        "methods": len({one.row.method for one in shown}),
        "below_floor": sum(row["below_floor"] for row in rows),
        "not_measured": sum(one.kept is None for one in shown),
    }


def report_row(shown: Shown, floors: Mapping[str, float]) -> dict[str, Any]:
    """Return a row as a mapping."""
    row, kept = shown.row, shown.kept
    about = {
        "method": row.name,
        "data": row.data,
        "published": dict(row.published),
        "floors": dict(floors),
        "settings": dict(row.settings),
        "settings_from": row.origin,
        "status": shown.status,
    }
    if kept is None:
        return {**about, "ours": None, "below_floor": False}
    ours = {name: {"mean": kept.mean[name], "spread": kept.spread[name]} for name in row.metrics}
    below = any(kept.mean[name] < floor for name, floor in floors.items())
    costs = {"seconds": kept.seconds, "cpu_seconds": kept.cpu_seconds, "peak_mb": kept.peak_mb}
    seeds = {"seeds": list(kept.seeds), "threads": kept.threads, "date": kept.date}
    return {**about, "ours": ours, "below_floor": below, **costs, **seeds}


def cells(row: Row, kept: Kept | None, floors: Mapping[str, float]) -> list[str]:
    """Return the cells of a row, as :data:`HEAD` names them."""
    ours = seconds = peak = "–"
    if kept is not None:
        ours = " / ".join(_figure(kept.mean[name], kept.spread[name]) for name in row.metrics)
        seconds = f"{kept.cpu_seconds:.{0 if kept.cpu_seconds >= 10 else 1}f}"
        peak = f"{kept.peak_mb:.0f}"
    published, least = (
        " / ".join(_figure(each[name]) for name in row.metrics if name in each) or "–"
        for each in (row.published, floors)
    )
    figures = " / ".join(row.metrics)
    return [f"`{row.name}`", row.data, figures, ours, published, least, seconds, peak, row.origin]


def markdown(rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table of rows of cells under :data:`HEAD`."""
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figure(mean: float, spread: float | None = None) -> str:
    text = f"{mean:.4f}".removeprefix("0")
    return text if spread is None else f"{text} ± {f'{spread:.4f}'.removeprefix('0')}"
