"""Variants of an ablation, which have one level of each factor, and the blocks of a grid that name them."""

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
    """A variant has one level of each factor: ``Variant(features="dense", whose="item")``.

    Factors that are not named have their default level.

    Attributes:
        levels: (factor, level) of every factor, in order.

    Example:
        >>> Variant(features="dense", whose="item").name
        'dense-item'
    """

    levels: tuple[tuple[str, str], ...]

    def __init__(self, **levels: str) -> None:
        super().__init__(**levels)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, named: dict[str, str]) -> dict[str, Any]:
        _check_known(named, list(factors()))
        levels = ((name, named.get(name, factor.default)) for name, factor in factors().items())
        return {"levels": tuple(levels)}

    @model_validator(mode="after")
    def _check_levels(self) -> "Variant":
        levels = dict(self.levels)
        for factor, level in self.chosen():
            if factor.levels is not None and level not in factor.levels:
                known = ", ".join(factor.levels)
                raise ValueError(f"{factor.name} has no level {level!r}; there are {known}")
        for factor, level in self.chosen():
            factor.check(level, levels)
        return self

    @model_serializer
    def _as_mapping(self) -> dict[str, str]:
        return dict(self.levels)

    def chosen(self) -> list[tuple[Factor, str]]:
        """Return every factor with its level."""
        known = factors()
        return [(known[name], level) for name, level in self.levels]

    def __getitem__(self, factor: str) -> str:
        """Return the level of a factor."""
        return dict(self.levels)[factor]

    @property
    def name(self) -> str:
        """The levels that are not defaults: ``dense``, ``dense-item``, ``als-dense``, ``none-mmd``."""
        ordered = sorted(self.chosen(), key=lambda chosen: not chosen[0].leads)
        return "-".join(label for factor, level in ordered if (label := factor.label(level)))

    @property
    def servable(self) -> bool:
        """Whether a bundle can be made of the variant: a service reads all that it needs from the store."""
        return all(factor.servable(level) for factor, level in self.chosen())

    def sees(self, field: FieldSpec, grid: GridContext) -> bool:
        """Return whether a ranker of this variant sees a field."""
        return all(factor.sees(level, field, grid) for factor, level in self.chosen())

    def check_grid(self, grid: GridContext) -> None:
        """Check that the grid has what the levels refer to.

        Raises:
            ValueError: when it lacks something.
        """
        for factor, level in self.chosen():
            factor.check_grid(level, grid)

    def describe(self, grid: GridContext) -> str:
        """Return what the variant has, in a few words for a report."""
        levels = dict(self.levels)
        return ", ".join(
            words for factor, level in self.chosen() for words in factor.describe(level, levels, grid)
        )


class Block(Config):
    """A block of a grid has every combination of the levels that it lists.

    In YAML: ``{features: [dense, tokens], whose: [user, item]}``, with the names of :attr:`.Factor.in_grid`.

    Attributes:
        levels: (factor, its levels) of every factor, in order.

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
    def _fill_in(cls, named: dict[str, Any]) -> dict[str, Any]:
        _check_known(named, [factor.in_grid for factor in factors().values()])
        for name, levels in named.items():
            if isinstance(levels, str) or not levels:
                raise ValueError(f"{name} is {levels!r}; list at least one level")
        chosen = {
            name: tuple(named.get(factor.in_grid, _default_levels(factor)))
            for name, factor in factors().items()
        }
        return {"levels": tuple(chosen.items())}

    @model_serializer
    def _as_lists(self) -> dict[str, tuple[str, ...]]:
        known = factors()
        return {known[name].in_grid: levels for name, levels in self.levels}

    @model_validator(mode="after")
    def _check_variants(self) -> "Block":
        self.variants()
        return self

    def variants(self) -> list[Variant]:
        """Return the variant of each combination, in order."""
        names = [name for name, _ in self.levels]
        combinations = product(*(levels for _, levels in self.levels))
        return [Variant(**dict(zip(names, levels, strict=True))) for levels in combinations]


def _default_levels(factor: Factor) -> tuple[str, ...]:
    """Return the levels of a block that does not list the factor."""
    return (factor.default,) if factor.in_block is None else factor.in_block


def _check_known(named: dict[str, Any], known: Sequence[str]) -> None:
    unknown = sorted(set(named) - set(known))
    if unknown:
        raise ValueError(f"no factor {', '.join(unknown)}; there are {', '.join(known)}")


#: the grid of a pipeline without one: each kind of feature alone, all of them, and parts of the baseline
DEFAULT_GRID = (Block(features=tuple(GROUPS)),)


def expand(grid: Iterable[Block]) -> Sequence[Variant]:
    """Return the variants of all blocks, each once, in order."""
    return list(dict.fromkeys(variant for block in grid for variant in block.variants()))
