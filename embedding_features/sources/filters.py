"""Checks of a filter: it must not compare text with numbers, nor mean another thing from file to file."""

import json
from collections.abc import Iterator
from typing import Any

from embedding_features.sources.kinds import TEXTS, widened
from embedding_features.sources.opened import Opened


def checked_filter(con: Any, opened: Opened, expression: str) -> set[str]:
    """Return the columns that a filter reads, once it is checked.

    Raises:
        subject.error: when one of them is missing in a group, or of a type in it that does not go with the
            others; or when text is compared with numbers, for DuckDB would round the text.
    """
    (text,) = con.execute(
        "SELECT json_serialize_sql(?::VARCHAR)", [f"SELECT 1 WHERE ({expression}\n)"]
    ).fetchone()
    nodes = list(_nodes(json.loads(text)))
    columns = {name for node in nodes if (name := _column(node, opened))}
    for column in columns:
        widened(opened, column)
    for node in nodes:
        sides = [node.get("left"), node.get("right")] if node.get("class") == "COMPARISON" else []
        sides += node["children"] if node.get("type") in ("COMPARE_IN", "COMPARE_NOT_IN") else []
        texts = [side for side in sides if _is_text(side, opened)]
        if texts and any(_is_number(side, opened) for side in sides):
            name = _column(texts[0], opened)
            raise opened.subject.refusal(
                f"filter compares {name!r}, which is text, with a number",
                f"say dialect: {{types: {{{name}: double}}}} for CSV, or write the number as text",
            )
    return columns


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for below in tree:
            yield from _nodes(below)


def _column(node: Any, opened: Opened) -> str | None:
    """Return the column, as the files write it, that a node of the syntax tree is; of a field, its struct."""
    if not isinstance(node, dict) or node.get("class") != "COLUMN_REF":
        return None
    asked = {name.lower() for name in node["column_names"]}
    return next((c for group in opened.groups for c in group.kinds if c.lower() in asked), None)


def _is_text(node: Any, opened: Opened) -> bool:
    column = _column(node, opened)
    return column is not None and any(kind in TEXTS for kind in opened.kinds(column))


def _is_number(node: Any, opened: Opened) -> bool:
    column = _column(node, opened)
    if column is not None:
        return not any(kind in TEXTS for kind in opened.kinds(column))
    return node.get("class") == "CONSTANT" and node.get("literal", {}).get("kind") in ("INTEGER", "NUMERIC")
