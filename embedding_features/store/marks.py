"""The tags by which the store knows what is its own: all below one prefix, written and read here only.

On a view: ``space`` (its rows are whole snapshots), ``kind``, ``node_type``. On a view of histories ``kind``
is ``events``, and there are ``of`` (the node type of the other side) and ``keep`` (how many events are kept);
its sources have these marks, too. On a feature: ``kind``, ``dim`` (the length of a vector), ``run_id``,
``as_of``, ``space``, ``metric``, ``codebooks``, ``of``. On a service: ``service``, which of ours it is.
Whoever has a view of snapshots of their own tags it so; any other tag, whatever its name, belongs to the user
and means nothing here.
"""

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

from embedding_features.errors import StoreError

PREFIX = "embedding_features."
Mark: TypeAlias = Literal[
    "space", "kind", "node_type", "dim", "run_id", "as_of", "metric", "codebooks", "service", "of", "keep"
]


class Tagged(Protocol):
    """Is a view, a feature or a service of Feast."""

    name: str

    @property
    def tags(self) -> Mapping[str, str] | None:
        """Return the tags, ours and those of users."""


def tag(name: Mark) -> str:
    """Return the tag that a mark is written as."""
    return PREFIX + name


def marks(values: Mapping[Mark, str]) -> dict[str, str]:
    """Return the tags of marks."""
    return {tag(name): value for name, value in values.items()}


def mark(tagged: Tagged, name: Mark) -> str | None:
    """Return the value of a mark; None where there is none."""
    return (tagged.tags or {}).get(tag(name))


def is_snapshot(view: Tagged) -> bool:
    """Return whether a view's rows come as whole snapshots, each of one moment."""
    return mark(view, "space") is not None


def is_history(tagged: Tagged) -> bool:
    """Return whether a view's rows, or a source's, are histories of events, which pushes are merged into."""
    return mark(tagged, "kind") == "events"


def kept_events(view: Tagged) -> int:
    """Return how many events a view of histories keeps of each node.

    Raises:
        StoreError: when the mark is no whole number above 0.
    """
    keep = mark(view, "keep")
    if keep is None or not _is_count(keep):
        raise StoreError(
            f"view {view.name} has the tag {tag('keep')}: {keep!r}",
            fix="write there how many events are kept, such as '200', and feast apply",
        )
    return int(keep)


def vector_dim(field: Tagged) -> int | None:
    """Return the length of a feature's vectors; None for a feature not marked as one of vectors.

    Raises:
        StoreError: when the mark is no whole number above 0.
    """
    dim = mark(field, "dim")
    if mark(field, "kind") != "vector" or dim is None:
        return None
    if not _is_count(dim):
        raise StoreError(
            f"feature {field.name} has the tag {tag('dim')}: {dim!r}",
            fix="write the length of its vectors there, such as '64', and feast apply",
        )
    return int(dim)


def _is_count(text: str) -> bool:
    """Return whether a tag is a whole number above 0."""
    return text.isascii() and text.isdigit() and int(text) > 0
