"""The settings of each kind of index."""

from typing import ClassVar, Literal

from pydantic import Field

from embedding_features.config import Part
from embedding_features.errors import ConfigError


class RecallSettings(Part):
    """Settings of one kind of index.

    Attributes:
        of_search: names of those that only a search uses, not building.
    """

    of_search: ClassVar[frozenset[str]] = frozenset()


class Exact(RecallSettings):
    """Compares every vector: recall is 1."""

    kind: Literal["exact"] = "exact"


class HNSW(RecallSettings):
    """Walks a navigable small world graph (Malkov & Yashunin 2018) over vectors as bytes; scores are exact.

    Under ``dot`` the graph is walked by inner product itself (ip-NSW, Morozov & Babenko 2018), its links laid
    with the vectors' lengths dampened. The reduction of inner product to distance (Bachrach et al. 2014) is
    not used: with the lengths that popularity gives, its added coordinate dominates. A query that needs much
    more than its k, as under a long deny list, is answered by exact search (docs/howto/recall.md).

    A walk does not come down the upper levels: it begins from the √n longest vectors, which are what most
    queries by inner product want; under the other metrics from √n rows at equal distances.

    Built on several threads the graph depends on their timing; on one thread it is reproducible.

    Attributes:
        links: neighbours that a node keeps on upper levels (M), twice as many on the lowest. More of them
            give better recall and take more memory.
        ef_construction: breadth of the search that finds a new node's neighbours; larger ones take longer to
            build and give better recall.
        ef_search: breadth of a query's search; larger ones are slower and give better recall. It is raised
            where k or a filter needs it.
    """

    of_search = frozenset({"ef_search"})
    kind: Literal["hnsw"] = "hnsw"
    links: int = Field(default=32, ge=2, le=512)
    ef_construction: int = Field(default=100, ge=1)
    ef_search: int = Field(default=64, ge=1)


class IVFPQ(RecallSettings):
    """Visits inverted lists of product-quantized residuals (Jégou, Douze & Schmid 2011); scores are exact.

    Attributes:
        lists: number of lists; None for four times the root of the number of vectors.
        probes: lists that a query visits; more of them are slower and give better recall. It is raised where
            a filter needs it.
        codes: bytes of a quantized vector; must divide the dimension.
        rerank: candidates scored exactly for each answer wanted.
        seed: of the clustering.
    """

    of_search = frozenset({"probes", "rerank"})
    kind: Literal["ivf_pq"] = "ivf_pq"
    lists: int | None = Field(default=None, ge=1)
    probes: int = Field(default=32, ge=1)
    codes: int = Field(default=16, ge=1)
    rerank: int = Field(default=10, ge=1)
    seed: int = 0


def check_retuning(built: RecallSettings, wanted: RecallSettings) -> None:
    """Check that an index that was built by some settings can be searched by others.

    Raises:
        ConfigError: when they are of another kind, or differ in what building uses.
    """
    before, after = built.model_dump(), wanted.model_dump()
    differing = [name for name in before if before[name] != after.get(name) and name not in built.of_search]
    if differing:
        raise ConfigError(
            f"an index of {built} cannot be searched by {wanted}: different {', '.join(differing)}",
            fix="build it again",
        )
