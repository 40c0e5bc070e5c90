"""Finds what a tracker records of a job: settings by dotted name, numbers and files of the result."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from embedding_features.config import config_hash
from jobs.workspace import Workspace

if TYPE_CHECKING:
    from ranking.ablation.result import ComparedCell, RecallCell

Row = Mapping[str, Any]

#: lists with a row a moment → the columns that name a row's series (a run id: by its method); rows of other
#: lists are named by all their text
_SERIES: Mapping[str, Sequence[str]] = {
    "graphs": (),
    "embeddings": ("space",),
    "features": ("run_id",),
    "verified": ("run_id", "relation"),
    "materialized": ("view",),
}


class Figure(NamedTuple):
    """Names a number of a job's result; ``step`` counts the moments of a series, and is 0 otherwise."""

    name: str
    value: float
    step: int


class Files(NamedTuple):
    """Says where a result has paths, in a key's value or a column of its rows, and the folder they go to."""

    key: str
    folder: str
    column: str | None = None


_FILES = (Files("report", "report"), Files("json", "report"), Files("bundles", "bundles", "bundle"))


def parameters(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return dotted name → value: text as it is, all else as JSON; a list of plain values is one value."""
    return dict(_flat("", settings))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    items: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        items = list(enumerate(value))
    for key, item in items:
        yield from _flat(f"{name}.{_name(str(key))}".removeprefix("."), item)
    if not items:
        yield name, value if isinstance(value, str) else json.dumps(value)


def figures(result: Mapping[str, Any]) -> list[Figure]:
    """Return the numbers of a result; each name and step is there once.

    The number in column ``auc`` of a row of ``lightgbm`` and ``dense`` is ``auc.lightgbm.dense``. Where two
    lists would give the same name, the later one's begins with its key.
    """
    found: list[Figure] = []
    for key, value in result.items():
        names = {figure.name for figure in found}
        found += [
            figure._replace(name=f"{_name(key)}.{figure.name}") if figure.name in names else figure
            for figure in _of_rows(_rows(key, value), _SERIES.get(key))
        ]
    return found


def _rows(key: str, value: Any) -> Sequence[Row]:
    """Return the rows that a key of a result stands for."""
    if key == "json":
        return list(_ablation(Path(value)))
    if _is_number(value):
        return [{key: value}]
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _of_rows(rows: Sequence[Row], named_by: Sequence[str] | None) -> Iterator[Figure]:
    steps = Counter[str]()
    for row in rows:
        texts = [
            _text(k, v) for k, v in row.items() if isinstance(v, str) and (named_by is None or k in named_by)
        ]
        for column, value in row.items():
            name = ".".join([_name(column), *filter(None, texts)])
            if _is_number(value):
                yield Figure(name, float(value), steps[name])
            steps[name] += 1


def _text(column: str, text: str) -> str:
    return _name(text.rsplit("-", 2)[0] if column == "run_id" else text)


def _ablation(path: Path) -> Iterator[Row]:
    """Yield the figures behind the sentences of an ablation; intervals and slices are in the file itself."""
    from ranking.ablation.result import Ablation  # brings scipy, which --help does not need

    ablation = Ablation.read_json(path)
    for cell in ablation.cells:
        yield {"ranker": cell.ranker, "variant": cell.variant, **_compared(cell)}
    for mix in ablation.recall:
        yield {"mix": mix.mix, **_compared(mix)}
    yield from (cost.model_dump() for cost in ablation.costs)


def _compared(cell: "ComparedCell | RecallCell") -> Row:
    difference = cell.difference.value if cell.difference else None
    return {
        cell.metric: cell.figure.value,
        f"{cell.metric} difference": difference,
        f"{cell.metric} p corrected": cell.p_corrected,
    }


def files(result: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield each file or folder that a result names, and the folder it is recorded in."""
    for key, folder, column in _FILES:
        if key in result:
            paths = [row[column] for row in result[key]] if column else [result[key]]
            yield from ((Path(path), folder) for path in paths)


def data_fingerprint(workspace: Workspace) -> str:
    """Return a hash of the graphs of all moments; empty without any. Folder names hold their fingerprints."""
    names = [Path(row["folder"]).name for row in workspace.read_json_or("graphs", [])]
    return config_hash({"graphs": names}) if names else ""


def _name(text: str) -> str:
    """Return a text as part of a name: of ``_``, ``-``, ``.``, letters and digits, which all stores take."""
    return re.sub(r"[^\w.\-]+", "_", text)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
