"""What tuning may set a method's parameters to, declared beside the method."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from embedding_features.errors import ConfigError
from embedding_features.methods.parameters import check_parameters

if TYPE_CHECKING:
    from optuna import Trial
    from pydantic import BaseModel

#: a value that a search may set a parameter to
Scalar = bool | int | float | str | None


@dataclass(frozen=True)
class Range:
    """Declares the numbers from ``low`` to ``high``, both included: whole ones if both are integers.

    Attributes:
        low: smallest value.
        high: largest value.
        log: search evenly over the logarithm, as for a learning rate.

    Raises:
        ConfigError: when the ends are of two types, not finite or not in order, or 0 or less where ``log``.

    Example:
        >>> str(Range(1e-4, 1e-1, log=True)), Range(1, 4).including(6)
        ('0.0001 to 0.1, log', Range(low=1, high=6, log=False))
    """

    low: int | float
    high: int | float
    log: bool = False

    def __post_init__(self) -> None:
        if {type(self.low), type(self.high)} not in ({int}, {float}):
            raise ConfigError(f"{self!r} is neither of two integers nor of two floats", fix="write 1.0 for 1")
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigError(f"{self!r} has no numbers inside", fix="let low be below high, both finite")
        if self.log and self.low <= 0:
            raise ConfigError(
                f"{self!r} has no logarithm at its low end", fix="begin above 0, or without log"
            )

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The ends."""
        return (self.low, self.high)

    def including(self, value: object) -> "Range":
        """Return the range, as much wider as it must be to hold ``value``.

        Raises:
            ConfigError: when that is no number, or one that the range cannot be widened to.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{value!r} is not a number as in {self}", fix="begin from a number")
        number = type(self.low)(value)
        return replace(self, low=min(self.low, number), high=max(self.high, number))

    def suggest(self, trial: "Trial", name: str) -> Scalar:
        """Return what an Optuna trial tries for the parameter ``name``."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(name, self.low, self.high, log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (", log" if self.log else "")


@dataclass(frozen=True, init=False)
class Choice:
    """Declares single values, at least two of them, without an order.

    Args:
        values: what may be chosen: texts, numbers, booleans, None.

    Raises:
        ConfigError: when there are fewer than two, or one of them twice.

    Example:
        >>> str(Choice("none", "symmetric"))
        "one of 'none', 'symmetric'"
    """

    values: tuple[Scalar, ...]

    def __init__(self, *values: Scalar) -> None:
        if len({(type(value), value) for value in values}) < max(len(values), 2):
            raise ConfigError(f"{values!r} is not a choice", fix="name two values or more, each of them once")
        object.__setattr__(self, "values", values)

    def including(self, value: object) -> "Choice":
        """Return the choice, with ``value`` added if it is not one of them.

        Raises:
            ConfigError: when that is no single value.
        """
        if any(type(one) is type(value) and one == value for one in self.values):
            return self
        if not (value is None or isinstance(value, bool | int | float | str)):
            raise ConfigError(
                f"{value!r} is not a single value as in {self}", fix="begin from a single value"
            )
        return Choice(*self.values, value)

    def suggest(self, trial: "Trial", name: str) -> Scalar:
        """Return what an Optuna trial tries for the parameter ``name``."""
        return trial.suggest_categorical(name, self.values)

    def __str__(self) -> str:
        return "one of " + ", ".join(map(repr, self.values))


SearchSpace = Range | Choice


def check_tunable(
    name: str,
    schema: "type[BaseModel]",
    defaults: Mapping[str, Any],
    tunable: Mapping[str, SearchSpace],
) -> None:
    """Check what a method declares to be tunable against its parameters, their types and defaults.

    Args:
        name: of the method.
        schema: its parameters, as :func:`.parameter_schema` makes it.
        defaults: parameter → default.
        tunable: parameter → what it may be set to.

    Raises:
        ConfigError: naming the method, the parameter and the value that does not fit.
    """
    for parameter, space in tunable.items():
        said = f"method {name!r}, tunable {parameter!r}"
        if parameter not in defaults:
            raise ConfigError(f"{said} is not a parameter", fix=f"name one of {', '.join(defaults)}")
        for value in space.values:
            taken = check_parameters(name, schema, {parameter: value})[parameter]
            if type(taken) is not type(value):
                kinds = f"{type(value).__name__}, and the parameter takes {type(taken).__name__}"
                raise ConfigError(f"{said}: {value!r} is {kinds}", fix="declare values of its type")
        if space.including(defaults[parameter]) != space:
            raise ConfigError(
                f"{said}: the default {defaults[parameter]!r} is not in {space}", fix="widen it"
            )
