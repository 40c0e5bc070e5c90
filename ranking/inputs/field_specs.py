"""The kinds of fields that a ranker's inputs are specified by."""

from typing import Annotated, Literal

from pydantic import Field

from embedding_features.config import Config
from ranking.inputs.fields import Group
from ranking.task.task import Side, Whose


class VocabularyCoding(Config):
    """Values seen in training get a code each, in ascending order from 1."""

    kind: Literal["vocabulary"] = "vocabulary"
    min_count: int = Field(default=2, ge=1)
    """A value seen fewer times in training is unknown."""
    unknown: int = Field(default=0, ge=0)
    """Buckets that unknown values are hashed into; with none they have the code 0, as what is missing has."""


class HashCoding(Config):
    """The hashing trick (Weinberger et al., ICML 2009): a value's code is 1 + hash mod ``buckets``."""

    kind: Literal["hashing"] = "hashing"
    buckets: int = Field(ge=1)


class SharedCoding(Config):
    """The codes, and so the embeddings, of another field."""

    kind: Literal["shared"] = "shared"
    of: str
    """Name of a categorical or multi-valued field that has codes of its own."""


Coding = Annotated[VocabularyCoding | HashCoding | SharedCoding, Field(discriminator="kind")]


class FieldSpec(Config):
    """What all fields have: a name of their own, and the group by which variants of the ablation have it."""

    name: str
    group: Group = "base"
    family: str = ""
    """Of the snapshots it comes from; "" where it is not pretrained."""
    whose: Whose = "both"
    """Whose pretrained features it is made of."""


class NumberSpec(FieldSpec):
    """A number a row."""

    kind: Literal["dense"] = "dense"
    column: str
    transform: Literal["none", "log1p"] = "none"
    default: float | None = None
    """Stands for a null; None leaves it unknown, NaN."""


class CategorySpec(FieldSpec):
    """A value a row: an integer, a string or a truth."""

    kind: Literal["categorical"] = "categorical"
    side: Side
    column: str
    coding: Coding = VocabularyCoding()
    default: int | str | None = None
    """Stands for a null; None leaves it unknown, code 0."""
    identity: bool = False
    """The id of the user or item itself."""
    keys: bool = False
    """Keep what tells unknown values apart, for deep hash embeddings (``key`` of the categorical field)."""
    place: str = ""
    """See :class:`.Categorical`."""


class BagSpec(FieldSpec):
    """A list of values a row: genres, clusters, neighbours."""

    kind: Literal["multivalued"] = "multivalued"
    side: Side
    column: str
    weights: str | None = None
    """A column of lists beside it, of numbers; negative ones count as 0. None weighs alike."""
    width: int | None = Field(default=None, ge=1)
    """Values kept of a list, the first ones; None keeps as many as the longest list of training has."""
    coding: Coding = VocabularyCoding()
    identity: bool = False


class TokensSpec(FieldSpec):
    """A list of as many tokens each row: position p becomes the categorical field ``<name>_<p>``."""

    kind: Literal["tokens"] = "tokens"
    side: Side
    column: str
    coding: VocabularyCoding | HashCoding = Field(default=VocabularyCoding(), discriminator="kind")
    place: str = ""
    """What the places of its positions begin with (see :class:`.Categorical`)."""


class VectorSpec(FieldSpec):
    """A pretrained vector a row."""

    kind: Literal["vector"] = "vector"
    side: Side
    column: str


class SimilaritySpec(FieldSpec):
    """How alike the vectors of user and item are, a number; NaN where one is missing."""

    kind: Literal["similarity"] = "similarity"
    measure: Literal["dot", "cosine"]
    user: str
    """Column of the user's vectors."""
    item: str
    """Column of the item's vectors."""


class HistorySpec(FieldSpec):
    """The user's last items, newest first, as ids and, where there is such a column, pretrained vectors."""

    kind: Literal["sequence"] = "sequence"
    column: str
    """Lists of item ids."""
    vectors: str | None = None
    """Lists of vectors beside them, null where an item has none."""
    candidate: str = ""
    """The vector field of the candidate item in the same space, if there is one."""
    length: int = Field(default=20, ge=1)
    """Items kept."""
    coding: Coding = SharedCoding(of="item_id")


AnyField = Annotated[
    NumberSpec | CategorySpec | BagSpec | TokensSpec | VectorSpec | SimilaritySpec | HistorySpec,
    Field(discriminator="kind"),
]


def codes_itself(field: FieldSpec) -> bool:
    """Whether other fields may share the codes of this one."""
    return isinstance(field, CategorySpec | BagSpec) and not isinstance(field.coding, SharedCoding)


def columns_of(field: FieldSpec) -> list[str]:
    """The raw columns of one field."""
    names = (getattr(field, key, None) for key in ("column", "weights", "vectors", "user", "item"))
    return [name for name in names if isinstance(name, str)]
