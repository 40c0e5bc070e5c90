"""The tags by which the store knows what is its own: all below one prefix, written and read here only.

On a view: ``space`` (its rows are whole snapshots), ``kind``, ``node_type``. On a feature: ``kind``, ``dim``
(the length of a vector), ``run_id``, ``as_of``, ``space``, ``metric``, ``codebooks``. On a service:
``service``, which of ours it is. Whoever has a view of snapshots of their own tags it so; any other tag,
whatever its name, belongs to the user and means nothing here.
"""

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

from embedding_features.errors import StoreError

PREFIX = "embedding_features."
Mark: TypeAlias = Literal[
    "space", "kind", "node_type", "dim", "run_id", "as_of", "metric", "codebooks", "service"
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


def vector_dim(field: Tagged) -> int | None:
    """Return the length of a feature's vectors; None for a feature not marked as one of vectors.

    Raises:
        StoreError: when the mark is no whole number above 0.
    """
    dim = mark(field, "dim")
    if mark(field, "kind") != "vector" or dim is None:
        return None
    if not (dim.isascii() and dim.isdigit() and int(dim)):
        raise StoreError(
            f"feature {field.name} has the tag {tag('dim')}: {dim!r}",
            fix="write the length of its vectors there, such as '64', and feast apply",
        )
    return int(dim)
