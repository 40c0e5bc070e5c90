"""The JSON requests of the service: strict types, no unknown fields, no NaN or infinity.

The docstrings of the requests are their descriptions in ``/openapi.json``.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from embedding_features.config import Config

Number: TypeAlias = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Text: TypeAlias = Annotated[str, Field(max_length=512)]
Id: TypeAlias = Number | Text
Ids: TypeAlias = Annotated[list[Number] | list[Text], Field(union_mode="left_to_right")]
#: ids for all queries, or a list of ids for each query
IdsOfEach: TypeAlias = list[Ids | None]

Cell: TypeAlias = bool | Number | float | Text | None
#: a value of a raw column: a number, string or truth; a list of them; a list of lists (vectors of a history);
#: or a list with such a value beside each item
Given: TypeAlias = Cell | list[Cell | list[Cell | list[Cell]]]
Features: TypeAlias = dict[Annotated[str, Field(max_length=256)], Given]


class Request(Config):
    """Base of all requests."""

    model_config = ConfigDict(strict=True)


class GivenEvent(Request):
    """What a user gave to an item before the request."""

    item: Id
    value: Annotated[float, Field(allow_inf_nan=False)]
    """A label or a rating, as the snapshots know them."""
    at: AwareDatetime
    """When; events at the moment of the request or later do not count."""


class RankRequest(Request):
    """Score items for a user."""

    user: Id
    items: Ids
    """The candidates; one that is there twice is scored twice."""
    features: Features = {}
    """Raw column → its value for the whole request, or a list with one for each item."""
    events: list[GivenEvent] | None = None
    """The user's latest events; null reads those that the online store keeps."""
    sort: Literal["asked", "score"] = "asked"
    """The answer's order: as asked, or the best first."""


class RecallRequest(Request):
    """Find the nearest nodes of a type, of ids or of vectors."""

    ids: Ids | None = None
    vectors: list[list[float]] | None = None
    node_type: Text
    """What is searched."""
    by: Text | None = None
    """Node type of ``ids``."""
    k: Annotated[int, Field(ge=1, le=2**31 - 1)] = 100
    allow: Ids | IdsOfEach | None = None
    """What alone may be found: ids for all queries, or a list for each."""
    deny: Ids | IdsOfEach | None = None
    """What must not be found, likewise."""
    domain: Text | None = None
    """The only partition to search."""

    @model_validator(mode="after")
    def _one_kind(self) -> "RecallRequest":
        if (self.ids is None) == (self.vectors is None):
            raise ValueError("give either ids or vectors")
        if (self.ids is None) != (self.by is None):
            raise ValueError("give by, the node type of the ids, with ids and with nothing else")
        if self.vectors and len({len(vector) for vector in self.vectors}) > 1:
            raise ValueError("vectors of different lengths")
        return self


class RecommendRequest(Request):
    """Find candidates for a user, rank them, and give the best."""

    user: Id
    k: Annotated[int, Field(ge=1, le=2**31 - 1)] = 20
    deny: Ids = []
    """Items that must not be given, such as those seen."""
    candidates: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """How many the first stage finds; None for the service's setting."""
    features: Features = {}
    """Raw column → its value for the whole request."""
    events: list[GivenEvent] | None = None
    """The user's latest events; null reads those that the online store keeps."""
