"""Variants of an ablation: one level of each factor; and the grids that name them."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from pydantic import model_serializer, model_validator

from embedding_features.config import Config
from ranking.experiment.factors.base import Factor, GridContext
from ranking.experiment.factors.features import GROUPS
from ranking.experiment.factors.registry import factors
from ranking.inputs.field_specs import FieldSpec


class Variant(Config):
    """One variant: ``Variant(features="dense", whose="item")``; factors not named have their default.

    Attributes:
        levels: (factor, level), of every factor in order.

    Example:
        >>> Variant(features="dense", whose="item").name
        'dense-item'
    """

    levels: tuple[tuple[str, str], ...]

    def __init__(self, **levels: str) -> None:
        super().__init__(**levels)

    @model_validator(mode="before")
    @classmethod
    def _of_levels(cls, given: dict[str, str]) -> dict[str, Any]:
        _check_known(given, list(factors()))
        return {"levels": tuple((name, given.get(name, one.default)) for name, one in factors().items())}

    @model_validator(mode="after")
    def _makes_sense(self) -> "Variant":
        levels = dict(self.levels)
        for factor, level in self.chosen():
            if factor.levels is not None and level not in factor.levels:
                known = ", ".join(factor.levels)
                raise ValueError(f"{factor.name} has no level {level!r}; there are {known}")
        for factor, level in self.chosen():
            factor.check(level, levels)
        return self

    @model_serializer
    def _as_named(self) -> dict[str, str]:
        return dict(self.levels)

    def chosen(self) -> list[tuple[Factor, str]]:
        """Return every factor, each with its level."""
        known = factors()
        return [(known[name], level) for name, level in self.levels]

    def __getitem__(self, factor: str) -> str:
        """Return the level of a factor."""
        return dict(self.levels)[factor]

    @property
    def name(self) -> str:
        """The levels that are not defaults: ``dense``, ``dense-item``, ``als-dense``, ``none-mmd``."""
        ordered = sorted(self.chosen(), key=lambda one: not one[0].leads)
        return "-".join(label for factor, level in ordered if (label := factor.label(level)))

    @property
    def servable(self) -> bool:
        """Whether a bundle can be made of it: a service reads all that it needs from the store."""
        return all(factor.servable(level) for factor, level in self.chosen())

    def sees(self, field: FieldSpec, grid: GridContext) -> bool:
        """Return whether a ranker of this variant sees a field."""
        return all(factor.sees(level, field, grid) for factor, level in self.chosen())

    def check_grid(self, grid: GridContext) -> None:
        """Check that what the levels refer to is there.

        Raises:
            ValueError: when something is not.
        """
        for factor, level in self.chosen():
            factor.check_grid(level, grid)

    def says(self, grid: GridContext) -> str:
        """Return what the variant has, in a few words of a report."""
        levels = dict(self.levels)
        return ", ".join(
            words for factor, level in self.chosen() for words in factor.says(level, levels, grid)
        )


class Block(Config):
    """A part of a grid: every combination of the levels that its lists name.

    In YAML: ``{features: [dense, tokens], whose: [user, item]}``, by :attr:`.Factor.in_grid`.

    Attributes:
        levels: (factor, its levels), of every factor in order.

    Example:
        >>> block = Block(features=("dense", "tokens"), whose=("both", "user"))
        >>> [variant.name for variant in block.variants()]
        ['dense', 'dense-user', 'tokens', 'tokens-user']
    """

    levels: tuple[tuple[str, tuple[str, ...]], ...]

    def __init__(self, **levels: Sequence[str]) -> None:
        super().__init__(**levels)

    @model_validator(mode="before")
    @classmethod
    def _of_lists(cls, given: dict[str, Any]) -> dict[str, Any]:
        _check_known(given, [one.in_grid for one in factors().values()])
        for name, levels in given.items():
            if isinstance(levels, str) or not levels:
                raise ValueError(f"{name} is {levels!r}; list at least one level")
        chosen = {name: tuple(given.get(one.in_grid, _unnamed(one))) for name, one in factors().items()}
        return {"levels": tuple(chosen.items())}

    @model_serializer
    def _as_listed(self) -> dict[str, tuple[str, ...]]:
        known = factors()
        return {known[name].in_grid: levels for name, levels in self.levels}

    @model_validator(mode="after")
    def _every_one_makes_sense(self) -> "Block":
        self.variants()
        return self

    def variants(self) -> list[Variant]:
        """Return the combinations, in order."""
        names = [name for name, _ in self.levels]
        every = product(*(levels for _, levels in self.levels))
        return [Variant(**dict(zip(names, levels, strict=True))) for levels in every]


def _unnamed(factor: Factor) -> tuple[str, ...]:
    return (factor.default,) if factor.in_block is None else factor.in_block


def _check_known(given: dict[str, Any], known: Sequence[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"no factor {', '.join(unknown)}; there are {', '.join(known)}")


#: each kind of feature alone, all of them, and the parts of the baseline
DEFAULT_GRID = (Block(features=tuple(GROUPS)),)


def expand(grid: Iterable[Block]) -> Sequence[Variant]:
    """Return the variants of all blocks, each once, in order."""
    return list(dict.fromkeys(variant for block in grid for variant in block.variants()))
