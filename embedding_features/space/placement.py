"""The space of a retrained snapshot: its parent's, or the next version of it."""

from dataclasses import dataclass

from embedding_features.artifact import Alignment, Embeddings, Snapshot, Space
from embedding_features.errors import CompatibilityError
from embedding_features.space.align import AlignmentConfig, align


@dataclass(frozen=True)
class Placement:
    """Says in which space embeddings live, and why.

    Attributes:
        embeddings: rotated into the parent's space, or as they came where they opened a new one.
        space: in which they live.
        alignment: to the parent; None without a parent or where none could be computed.
        reason: why a new version was opened; empty where none was.
    """

    embeddings: Embeddings
    space: Space
    alignment: Alignment | None = None
    reason: str = ""


def place(
    embeddings: Embeddings,
    parent: Snapshot | None,
    *,
    family: str | None = None,
    config: AlignmentConfig = AlignmentConfig(),  # noqa: B008 (frozen)
) -> Placement:
    """Align embeddings to the last snapshot of their family, or open a space for them.

    A new version opens when they cannot be aligned (see :func:`align`) or the residual is too large.

    Args:
        embeddings: the vectors, of a method's own space.
        parent: the last snapshot; None for the first of a family.
        family: name of a first space, by default the method's.
        config: when an alignment is close enough.

    Raises:
        LeakError: when the parent is later than the embeddings.
        CompatibilityError: when the parent is of another family than ``family``.
    """
    if parent is None:
        return Placement(embeddings, Space.of(embeddings, family))
    old = parent.manifest.space
    if family not in (None, old.family):
        raise CompatibilityError(
            f"the parent {parent.manifest.run_id} is of the family {old.family!r}, not {family!r}",
            fix="name a parent of the same family, or none",
        )
    new = Space.of(embeddings, old.family)
    try:
        aligned, alignment = align(embeddings, parent, min_overlap=config.min_overlap)
    except CompatibilityError as error:
        return Placement(embeddings, next_space(old, new, None, config), reason=error.what)
    space = next_space(old, new, alignment, config)
    if space == old:
        return Placement(aligned, space, alignment)
    reason = f"the residual {alignment.residual:.3f} is above {config.max_residual}"
    return Placement(embeddings, space, alignment, reason)


def next_space(parent: Space, new: Space, alignment: Alignment | None, config: AlignmentConfig) -> Space:
    """Return the parent's space where the alignment is close enough, else its next version, of ``new``."""
    same = new.model_copy(update={"version": parent.version}) == parent
    if same and alignment is not None and alignment.residual <= config.max_residual:
        return parent
    return new.model_copy(update={"version": parent.version + 1})
