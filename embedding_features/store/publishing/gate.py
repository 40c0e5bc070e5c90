"""Checks that a snapshot must pass before anyone may see it: without a leak, and of its space."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from embedding_features.artifact import Manifest
from embedding_features.errors import CompatibilityError, LeakError
from embedding_features.store.published import Published


def check_time(manifest: Manifest, created: datetime, *, allow_timeless: bool = False) -> None:
    """Check contract 1: nothing in a snapshot is later than its moment.

    Raises:
        LeakError: when a relation has an edge after ``as_of``, or edges without times unless
            ``allow_timeless``; when the snapshot would have been published before its own moment.
    """
    for name, record in manifest.edges.items():
        if record.last is not None and record.last > manifest.as_of:
            raise LeakError(
                f"run {manifest.run_id} claims as_of {manifest.as_of}, "
                f"but relation {name} has an edge of {record.last}",
                fix="build the graph again as of that moment",
            )
        if record.last is None and record.count and not allow_timeless:
            raise LeakError(
                f"run {manifest.run_id} has {record.count} edges of relation {name} without a time",
                fix="give the relation a timestamp, or allow timeless relations if its edges never change",
            )
    if created < manifest.as_of:
        raise LeakError(
            f"run {manifest.run_id} published at {created}, before its as_of {manifest.as_of}",
            fix="publish at or after as_of; a publish delay is not negative",
        )


def check_space(manifest: Manifest, earlier: Sequence[Manifest]) -> None:
    """Check contract 2: a snapshot continues its space, in time and in meaning.

    A space grows forward only. Vocabulary, alignment and codebooks of a snapshot come from the one before
    it, so one dated before a published one would carry what was learned later: a leak, and versions would no
    longer be in order of time. A backfill is published oldest first, or into a new space version.

    Args:
        manifest: of the snapshot.
        earlier: the published snapshots of the family.

    Raises:
        LeakError: when the space has a snapshot of that moment or a later one.
        CompatibilityError: when dim, metric, scorer, ids or a codebook differ from those of the space, or the
            snapshot says nothing of how it was aligned.
    """
    space = manifest.space
    for other in (m for m in earlier if m.space.id == space.id):
        if other.as_of >= manifest.as_of:
            raise LeakError(
                f"run {manifest.run_id} of {manifest.as_of} comes after run {other.run_id} of {other.as_of} "
                f"in space {space.id}",
                fix="publish oldest first, or open a new space version",
            )
        if other.space != space:
            raise CompatibilityError(
                f"run {manifest.run_id} says space {space.id} is {_listed(space.model_dump())}, "
                f"run {other.run_id} says {_listed(other.space.model_dump())}",
                fix="open a new space version",
            )
        _check_codebooks(manifest, other)
        if manifest.alignment is None:
            raise CompatibilityError(
                f"run {manifest.run_id} is not aligned to the snapshots of space {space.id}",
                fix=f"align it to run {other.run_id}, or open a new space version",
            )


def check_ids(manifest: Manifest, earlier: Sequence[Manifest]) -> None:
    """Check that the ids of a node type, which is one entity whatever the family, are of one type.

    Args:
        manifest: of the snapshot.
        earlier: all published snapshots of the repository.

    Raises:
        CompatibilityError: when they are not.
    """
    for other in earlier:
        for node_type in sorted(manifest.nodes.keys() & other.nodes.keys()):
            mine, theirs = manifest.nodes[node_type].id_type, other.nodes[node_type].id_type
            if mine != theirs:
                raise CompatibilityError(
                    f"{node_type} ids are {mine} in run {manifest.run_id} and {theirs} in run {other.run_id}",
                    fix="use ids of one type, or publish into another repository",
                )


def check_names(run: Published, earlier: Sequence[Published]) -> None:
    """Check that no other family has a view of the same name.

    A name is of one family and node type, but ``a_b`` and ``c`` make that of ``a`` and ``b_c``.

    Args:
        run: the snapshot as it would be published.
        earlier: all published snapshots of the repository.

    Raises:
        CompatibilityError: when a view of another family has the name of one of the run's.
    """
    mine = {run.view_name(*table) for table in run.snapshot.tables}
    for other in (other for other in earlier if other.family != run.family):
        for name in sorted(mine & {other.view_name(*table) for table in other.snapshot.tables}):
            raise CompatibilityError(
                f"run {run.manifest.run_id} of family {run.family} has a view {name}, and so has run "
                f"{other.manifest.run_id} of family {other.family}",
                fix="publish it under another family (pretrain: {family: …})",
            )


def _check_codebooks(manifest: Manifest, other: Manifest) -> None:
    mine, theirs = _codebooks(manifest), _codebooks(other)
    for table in sorted(mine.keys() & theirs.keys()):
        if mine[table] != theirs[table]:
            raise CompatibilityError(
                f"the {' '.join(table)} of run {manifest.run_id} refer to codebooks {_listed(mine[table])}, "
                f"those of run {other.run_id} to {_listed(theirs[table])}",
                fix="apply the codebooks of the space, or open a new space version",
            )


def _codebooks(manifest: Manifest) -> dict[tuple[str, str], dict[str, str]]:
    """Return (node type, kind) → column → codebook id."""
    tables: dict[tuple[str, str], dict[str, str]] = {}
    for record in manifest.codebooks:
        tables.setdefault((record.node_type, record.kind), {})[record.column] = record.id
    return tables


def _listed(values: Mapping[str, object]) -> str:
    return ", ".join(f"{k}={v}" for k, v in values.items()) or "none"
