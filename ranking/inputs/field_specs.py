"""The specs of fields, one class a kind: what a field is made of and how it is encoded."""

from typing import Annotated, Literal

from pydantic import Field

from embedding_features.config import Config
from ranking.inputs.groups import Group
from ranking.task.task import Side, Whose


class VocabularyCoding(Config):
    """Gives a code to each value seen in training, in ascending order from 1."""

    kind: Literal["vocabulary"] = "vocabulary"
    min_count: int = Field(default=2, ge=1)
    """A value seen fewer times in training is unknown."""
    unknown: int = Field(default=0, ge=0)
    """Buckets that unknown values are hashed into; with none they have the code 0, as what is missing has."""


class HashCoding(Config):
    """Gives a value the code 1 + hash mod ``buckets``: the hashing trick (Weinberger et al., ICML 2009)."""

    kind: Literal["hashing"] = "hashing"
    buckets: int = Field(ge=1)


class SharedCoding(Config):
    """Takes the codes, and so the embeddings, of another field."""

    kind: Literal["shared"] = "shared"
    of: str
    """Name of a categorical or multi-valued field that has codes of its own."""


Coding = Annotated[VocabularyCoding | HashCoding | SharedCoding, Field(discriminator="kind")]


class FieldSpec(Config):
    """Specifies what all fields have: a name of their own, and what they are grouped by in an ablation."""

    name: str
    group: Group = "base"
    family: str = ""
    """The family of the snapshots that it comes from; "" where it is not pretrained."""
    whose: Whose = "both"
    """Whose pretrained features it is made of."""


class NumberSpec(FieldSpec):
    """Specifies a number a row."""

    kind: Literal["dense"] = "dense"
    column: str
    transform: Literal["none", "log1p"] = "none"
    default: float | None = None
    """Stands for a null; None leaves it unknown, NaN."""


class CategorySpec(FieldSpec):
    """Specifies a value a row: an integer, a string or a truth."""

    kind: Literal["categorical"] = "categorical"
    side: Side
    column: str
    coding: Coding = VocabularyCoding()
    default: int | str | None = None
    """Stands for a null; None leaves it unknown, code 0."""
    identity: bool = False
    """Whether it is the id of the user or item itself."""
    keys: bool = False
    """Whether to keep what tells unknown values apart, for deep hash embeddings (:attr:`.Category.key`)."""
    place: str = ""
    """As :attr:`.Category.place`."""


class BagSpec(FieldSpec):
    """Specifies a list of values a row: genres, clusters, neighbours."""

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
    """Specifies a list of as many tokens each row: position p becomes the category ``<name>_<p>``."""

    kind: Literal["tokens"] = "tokens"
    side: Side
    column: str
    coding: VocabularyCoding | HashCoding = Field(default=VocabularyCoding(), discriminator="kind")
    place: str = ""
    """What the places of its positions begin with (see :attr:`.Category.place`)."""


class VectorSpec(FieldSpec):
    """Specifies a pretrained vector a row."""

    kind: Literal["vector"] = "vector"
    side: Side
    column: str


class SimilaritySpec(FieldSpec):
    """Specifies how alike the vectors in the columns ``user`` and ``item`` are; NaN where one is missing."""

    kind: Literal["similarity"] = "similarity"
    measure: Literal["dot", "cosine"]
    user: str
    item: str


class HistorySpec(FieldSpec):
    """Specifies the user's last items, newest first, as ids and, where there is a column, as vectors."""

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


def codes_owner(field: CategorySpec | BagSpec | HistorySpec) -> str:
    """Return the name of the field whose codes a field has: its own, or that of the one it shares with."""
    return field.coding.of if isinstance(field.coding, SharedCoding) else field.name


def columns_of(field: FieldSpec) -> list[str]:
    """Return the raw columns of one field."""
    names = (getattr(field, key, None) for key in ("column", "weights", "vectors", "user", "item"))
    return [name for name in names if isinstance(name, str)]
