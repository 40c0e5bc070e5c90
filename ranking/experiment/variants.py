"""Variants of an ablation: which features a ranker sees, whose, of which method, and how they get into it."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Literal, get_args

from pydantic import Field, model_validator

from embedding_features.config import Config
from ranking.inputs.field_specs import FieldSpec
from ranking.inputs.fields import Group
from ranking.task.task import Whose

#: the strong baseline: learned ids and side tables, counts and means of the log, item-kNN scores of the log
STRONG: tuple[Group, ...] = ("base", "counts", "knn")

#: what a variant's ``features`` names → the groups of fields it has
FEATURES: dict[str, tuple[Group, ...]] = {
    "ids": ("base",),
    "counts": ("base", "counts"),
    "none": STRONG,
    "dense": (*STRONG, "dense"),
    "clusters": (*STRONG, "clusters"),
    "tokens": (*STRONG, "tokens"),
    "neighbours": (*STRONG, "neighbours"),
    "all": (*STRONG, "dense", "clusters", "tokens", "neighbours"),
}

Features = Literal["ids", "counts", "none", "dense", "clusters", "tokens", "neighbours", "all"]
Mode = Literal["feature", "submodel"]
Alignment = Literal["none", "mmd", "coral", "adversarial"]


class Variant(Config):
    """One variant.

    Attributes:
        features: ``ids`` and ``counts`` are parts of the strong baseline, ``none`` is the whole of it; each
            other one adds to it.
        whose: pretrained features of one side only, or of both.
        method: family of the snapshots they come from; "" is the pipeline's first.
        mode: ``feature``: from the store. ``submodel``: the pretrained encoder inside the ranker.
        alignment: what draws the representations of target domain and others together while training.

    Example:
        >>> Variant(features="dense", whose="item").name
        'dense-item'
    """

    features: Features = "none"
    whose: Whose = "both"
    method: str = ""
    mode: Mode = "feature"
    alignment: Alignment = "none"

    @model_validator(mode="after")
    def _makes_sense(self) -> "Variant":
        pretrained = set(FEATURES[self.features]) - set(STRONG)
        if not pretrained and (self.whose != "both" or self.method):
            raise ValueError(f"features {self.features!r} are of no method, and nobody's in particular")
        if self.mode == "submodel" and (self.features, self.whose, self.method) != ("dense", "both", ""):
            raise ValueError("a sub-model computes the dense features of both sides, of its own method")
        return self

    @property
    def name(self) -> str:
        """``dense``, ``dense-item``, ``als-dense``, ``dense-submodel``, ``none-mmd``."""
        said = (
            self.method,
            self.features,
            "" if self.whose == "both" else self.whose,
            "" if self.mode == "feature" else self.mode,
            "" if self.alignment == "none" else self.alignment,
        )
        return "-".join(part for part in said if part)

    def has(self, field: FieldSpec, first: str) -> bool:
        """Whether a ranker of this variant sees a field; ``first`` is the family that "" stands for."""
        if field.group not in FEATURES[self.features]:
            return False
        if field.group in STRONG:
            return True
        return field.family == (self.method or first) and self.whose in ("both", field.whose)


class Block(Config):
    """A part of a grid: every combination of what its lists name.

    Example:
        >>> block = Block(features=("dense", "tokens"), whose=("both", "user"))
        >>> [variant.name for variant in block.variants()]
        ['dense', 'dense-user', 'tokens', 'tokens-user']
    """

    features: tuple[Features, ...] = Field(default=("dense",), min_length=1)
    whose: tuple[Whose, ...] = Field(default=("both",), min_length=1)
    methods: tuple[str, ...] = Field(default=("",), min_length=1)
    modes: tuple[Mode, ...] = Field(default=("feature",), min_length=1)
    alignments: tuple[Alignment, ...] = Field(default=("none",), min_length=1)

    @model_validator(mode="after")
    def _every_one_makes_sense(self) -> "Block":
        self.variants()
        return self

    def variants(self) -> list[Variant]:
        """The combinations, in order."""
        every = product(self.features, self.whose, self.methods, self.modes, self.alignments)
        names = ("features", "whose", "method", "mode", "alignment")
        return [Variant.model_validate(dict(zip(names, values, strict=True))) for values in every]


#: each kind of feature alone, all of them, and the parts of the baseline
DEFAULT_GRID = (Block(features=get_args(Features)),)


def expand(grid: Iterable[Block]) -> Sequence[Variant]:
    """The variants of all blocks, each once, in order."""
    return list(dict.fromkeys(variant for block in grid for variant in block.variants()))
