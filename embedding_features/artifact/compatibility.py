"""Checks that vectors and codebooks are those that something was trained on."""

from collections.abc import Sequence

from embedding_features.artifact.manifest import CodebookRecord, Space
from embedding_features.errors import CompatibilityError


def check_space(expected: Space, found: Space) -> None:
    """Check that vectors are of the expected space.

    Raises:
        CompatibilityError: naming both spaces and what differs.
    """
    if expected == found:
        return
    mine, other = expected.model_dump(), found.model_dump()
    differing = ", ".join(name for name in mine if mine[name] != other[name])
    raise CompatibilityError(
        f"expected the space {expected}, found {found}: different {differing}",
        fix=f"use a snapshot of {expected.id}, or train again on {found.id}",
    )


def check_codebooks(expected: Sequence[CodebookRecord], found: Sequence[CodebookRecord]) -> None:
    """Check that every expected codebook is there under its id; further ones do no harm.

    Raises:
        CompatibilityError: naming each column whose codebook is another one or missing.
    """
    there = {(record.node_type, record.column): record.id for record in found}
    wrong = [
        f"  {record.node_type} {record.column}: expected {record.id}, found "
        f"{there.get((record.node_type, record.column), 'none')}"
        for record in expected
        if there.get((record.node_type, record.column)) != record.id
    ]
    if wrong:
        raise CompatibilityError(
            "other codebooks than those trained on:\n" + "\n".join(wrong),
            fix="derive with the codebooks of the snapshot trained on, or train again on these",
        )
