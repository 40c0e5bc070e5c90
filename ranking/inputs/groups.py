"""Groups of fields: what a variant of an ablation has or lacks."""

from typing import Annotated

from pydantic import AfterValidator

from embedding_features.artifact.kinds import KINDS

#: groups of fields that are not pretrained: ids and side tables (``base``), counts and means of the log, and
#: item-kNN scores of the log (``knn``)
LOG_GROUPS = ("base", "counts", "knn")

#: group of the fields that are made of a node's latest events and of snapshots
FRESH_GROUP = "fresh"


def _checked(group: str) -> str:
    known = (*LOG_GROUPS, *(kind.group for kind in KINDS.values()), FRESH_GROUP)
    if group not in known:
        raise ValueError(f"no group of fields {group!r}; there are {', '.join(known)}")
    return group


#: by which variants of an ablation have a field: one of :data:`LOG_GROUPS`, that of a kind of feature, or
#: :data:`FRESH_GROUP`
Group = Annotated[str, AfterValidator(_checked)]
