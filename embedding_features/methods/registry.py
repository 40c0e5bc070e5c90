"""The registry of methods by name: ours, registered by a decorator, and plug-ins, found by entry point."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from pydantic import ValidationError

from embedding_features.config import METHOD_PLUG_INS
from embedding_features.errors import ConfigError
from embedding_features.methods.measured import measured
from embedding_features.methods.parameters import check_parameters, parameter_error, parameter_schema
from embedding_features.methods.search_space import SearchSpace, check_tunable
from embedding_features.plugins import load_plugins

if TYPE_CHECKING:
    from embedding_features.graph.weights import WeightUse
    from embedding_features.methods.base import Method

P = ParamSpec("P")
M = TypeVar("M", bound="Method")

#: what a method needs of a graph: it has a parameter ``relation`` where it needs one, else ``relations``
Needs = Literal[
    "one relation between two node types",
    "any relations",
    "relations between two node types each",
    "one relation, and others to features of its nodes",
]


@dataclass(frozen=True)
class MethodInfo:
    """A registered method, as the ``methods`` job and the docs list it.

    Attributes:
        name: of the function that makes it.
        family: kind of learning, such as "collaborative".
        paper: first line of its docstring, which cites the paper.
        exports: what its tables hold, in words.
        weights: how it uses the weights of edges; "not stated" where a plug-in says nothing.
        needs: what it needs of a graph.
        inductive: whether nodes without edges have vectors too, made of their features or neighbours.
        parameters: name → default.
        tunable: parameter → what ``embedding-features tune`` may set it to.
        make: the function from parameters to the composition, which checks them.
    """

    name: str
    family: str
    paper: str
    exports: str
    weights: "WeightUse | Literal['not stated']"
    needs: Needs
    inductive: bool
    parameters: dict[str, Any]
    tunable: Mapping[str, SearchSpace]
    make: "Callable[..., Method]"

    @property
    def measured(self) -> list[dict[str, Any]]:
        """What it was measured at on public data, see :func:`.measured.measured`."""
        return measured(self.name)


_METHODS: dict[str, MethodInfo] = {}


def method(
    *,
    family: str,
    exports: str,
    weights: "WeightUse | Literal['not stated']" = "not stated",
    needs: Needs = "one relation between two node types",
    inductive: bool = False,
    tunable: Mapping[str, SearchSpace] = {},
) -> Callable[[Callable[P, M]], Callable[P, M]]:
    """Register a function of typed keyword arguments that returns a composition.

    The function's name is the method's. Arguments are checked against its annotations
    (``Annotated[int, Field(ge=1)]`` is understood), and the composition gets the name.

    Args:
        family: kind of learning, such as "collaborative".
        exports: what its tables hold, in words.
        weights: how it uses the weights of edges. This is for readers; what the composition's parts declare
            decides which weights are refused.
        needs: what it needs of a graph; the conformance tests take their graphs by it.
        inductive: whether nodes without edges have vectors too, made of their features or neighbours.
        tunable: parameter → what a search for better settings may set it to; none by default. A size, such
            as ``dim``, is not for it: larger is better, and costs.

    Raises:
        ConfigError: when the name is taken, a parameter lacks its annotation or default, or what is tunable
            does not fit the parameters.
    """

    def register(build: Callable[P, M]) -> Callable[P, M]:
        name = build.__name__
        signature = inspect.signature(build)
        schema = parameter_schema(build)

        @wraps(build)
        def make(*args: P.args, **kwargs: P.kwargs) -> M:
            values = check_parameters(name, schema, {**signature.bind_partial(*args).arguments, **kwargs})
            try:
                composition = build(**values)  # type: ignore[call-arg]
            except ValidationError as error:
                raise parameter_error(name, error, signature.parameters) from None
            return composition.model_copy(update={"name": name})

        if name in _METHODS and inspect.unwrap(_METHODS[name].make).__module__ != build.__module__:
            raise ConfigError(f"a method named {name!r} is registered already", fix="rename yours")
        paper = (inspect.getdoc(build) or "").split("\n", 1)[0]
        defaults = {key: value.default for key, value in signature.parameters.items()}
        check_tunable(name, schema, defaults, tunable)
        _METHODS[name] = MethodInfo(
            name, family, paper, exports, weights, needs, inductive, defaults, tunable, make
        )
        return make

    return register


def methods() -> dict[str, MethodInfo]:
    """Return all methods by name, in alphabetical order; an entry point that fails to load is a warning."""
    load_plugins(METHOD_PLUG_INS)
    return dict(sorted(_METHODS.items()))


def get_method(name: str) -> MethodInfo:
    """Return the method of that name.

    Raises:
        ConfigError: when there is none, or its entry point failed to load.
    """
    known, (_, broken) = methods(), load_plugins(METHOD_PLUG_INS)
    if name in known:
        return known[name]
    if name in broken:
        raise ConfigError(f"method {name!r} cannot be loaded: {broken[name]}", fix="mend or uninstall it")
    raise ConfigError(f"no method {name!r}", fix=f"name one of {sorted(known)}")


def make(name: str, **overrides: Any) -> "Method":
    """Build the composition of a named method, its defaults overridden.

    Raises:
        ConfigError: naming the method, the parameter, its value, and the allowed ones.

    Example:
        >>> print(make("lightgcn", dim=32).encoder)
        kind='light_propagation' dim=32 std=0.01 layers=1 norm='symmetric'
    """
    return get_method(name).make(**overrides)


def describe() -> list[dict[str, Any]]:
    """Return one row per method: all that :class:`MethodInfo` says but what is tunable."""
    shown = [field.name for field in fields(MethodInfo) if field.name not in ("make", "tunable")]
    return [{name: getattr(info, name) for name in shown} for info in methods().values()]
