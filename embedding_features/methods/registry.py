"""Methods by name: ours, registered by a decorator, and third parties', found by entry point."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from embedding_features.errors import ConfigError
from embedding_features.plugins import load_plugins

if TYPE_CHECKING:
    from embedding_features.artifact.embeddings import Metric
    from embedding_features.graph.weights import WeightUse
    from embedding_features.methods.base import Method

GROUP = "embedding_features.methods"

P = ParamSpec("P")
M = TypeVar("M", bound="Method")


@dataclass(frozen=True)
class MethodInfo:
    """One registered method: a row of the ``methods`` job and of the docs.

    Attributes:
        paper: first line of the docstring.
        exports: what its tables hold, in words.
        weights: what it does with the weights of edges; "not stated" where a plug-in says nothing.
        parameters: name → default.
        make: parameters → composition, checked.
    """

    name: str
    family: str
    paper: str
    exports: str
    metric: "Metric"
    weights: "WeightUse | Literal['not stated']"
    parameters: dict[str, Any]
    make: "Callable[..., Method]"


_METHODS: dict[str, MethodInfo] = {}


def method(
    *,
    family: str,
    exports: str,
    metric: "Metric",
    weights: "WeightUse | Literal['not stated']" = "not stated",
) -> Callable[[Callable[P, M]], Callable[P, M]]:
    """Register a function of typed keyword arguments that returns a composition.

    The function's name is the method's. Arguments are checked against its annotations
    (``Annotated[int, Field(ge=1)]`` is understood), and the composition gets the name and the metric. What is
    said of ``weights`` is for readers; what the composition's parts say decides what is refused.

    Raises:
        ConfigError: when the name is taken, or a parameter lacks its annotation or default.
    """

    def register(build: Callable[P, M]) -> Callable[P, M]:
        name = build.__name__
        signature = inspect.signature(build)
        schema = _schema(build)

        @wraps(build)
        def make(*args: P.args, **kwargs: P.kwargs) -> M:
            values = _check(name, schema, {**signature.bind_partial(*args).arguments, **kwargs})
            try:
                composition = build(**values)  # type: ignore[call-arg]
            except ValidationError as error:
                raise _config_error(name, error, signature.parameters) from None
            return composition.model_copy(update={"name": name, "metric": metric})

        if name in _METHODS and inspect.unwrap(_METHODS[name].make).__module__ != build.__module__:
            raise ConfigError(f"a method named {name!r} is registered already", fix="rename yours")
        paper = (inspect.getdoc(build) or "").split("\n", 1)[0]
        defaults = {key: value.default for key, value in signature.parameters.items()}
        _METHODS[name] = MethodInfo(name, family, paper, exports, metric, weights, defaults, make)
        return make

    return register


def methods() -> dict[str, MethodInfo]:
    """All methods by name, in alphabetical order; an entry point that fails to load is a warning."""
    load_plugins(GROUP)
    return dict(sorted(_METHODS.items()))


def get_method(name: str) -> MethodInfo:
    """The method of that name.

    Raises:
        ConfigError: when there is none, or its entry point failed to load.
    """
    known, (_, broken) = methods(), load_plugins(GROUP)
    if name in known:
        return known[name]
    if name in broken:
        raise ConfigError(f"method {name!r} cannot be loaded: {broken[name]}", fix="mend or uninstall it")
    raise ConfigError(f"no method {name!r}", fix=f"name one of {sorted(known)}")


def make(name: str, **overrides: Any) -> "Method":
    """The composition of a named method, its defaults overridden.

    Raises:
        ConfigError: naming the method, the parameter, its value, and the allowed ones.
    """
    return get_method(name).make(**overrides)


def describe() -> list[dict[str, Any]]:
    """One row a method: name, family, paper, exports, metric, weights, parameters with defaults."""
    return [
        {
            "name": info.name,
            "family": info.family,
            "paper": info.paper,
            "exports": info.exports,
            "metric": info.metric,
            "weights": info.weights,
            "parameters": info.parameters,
        }
        for info in methods().values()
    ]


def _schema(build: "Callable[..., Method]") -> type[BaseModel]:
    """The parameters' annotations as a model; what it returns may be a class that nobody has imported yet."""
    taken = {key: value for key, value in build.__annotations__.items() if key != "return"}
    bare = SimpleNamespace(__annotations__=taken)
    hints = get_type_hints(bare, getattr(inspect.unwrap(build), "__globals__", {}), include_extras=True)
    fields: dict[str, Any] = {}
    for key, parameter in inspect.signature(build).parameters.items():
        if key not in hints or parameter.default is inspect.Parameter.empty:
            raise ConfigError(f"{build.__name__}: parameter {key!r} needs an annotation and a default")
        fields[key] = (hints[key], parameter.default)
    config = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)
    return create_model(build.__name__, __config__=config, **fields)


def _check(name: str, schema: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
    try:
        checked = schema.model_validate(values)
    except ValidationError as error:
        raise _config_error(name, error, schema.model_fields) from None
    return {key: getattr(checked, key) for key in schema.model_fields}


def _config_error(name: str, error: ValidationError, allowed: Any) -> ConfigError:
    lines = [
        f"method {name!r}, parameter {'.'.join(map(str, e['loc']))!r}: {e['msg']} (got {e['input']!r:.80})"
        for e in error.errors()
    ]
    return ConfigError("\n".join(lines), fix=f"the parameters are {', '.join(allowed)}")
