"""The kinds of features that a snapshot has tables of, each declared once."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator


@dataclass(frozen=True)
class FeatureKind:
    """One kind of feature: a table of each node type, a feature view, and a group of a ranker's fields.

    Attributes:
        name: ends the names of the table's file and of the view: ``user_clusters``.
        group: by which ablations and rankers know the fields that are made of it.
        discrete: whether it holds codes or ids, and not numbers.
    """

    name: str
    group: str
    discrete: bool


VECTOR = FeatureKind("vector", group="dense", discrete=False)
CLUSTERS = FeatureKind("clusters", group="clusters", discrete=True)
TOKENS = FeatureKind("tokens", group="tokens", discrete=True)
NEIGHBOURS = FeatureKind("neighbours", group="neighbours", discrete=True)

#: name → kind, in the order in which tables, views and fields come
KINDS = {kind.name: kind for kind in (VECTOR, CLUSTERS, TOKENS, NEIGHBOURS)}


def _known(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"no kind of feature {name!r}; there are {', '.join(KINDS)}")
    return name


#: the name of a kind, checked where it is read from a file
Kind = Annotated[str, AfterValidator(_known)]
