"""The parameters of a method's function, checked against its annotations."""

import inspect
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from embedding_features.errors import ConfigError

if TYPE_CHECKING:
    from embedding_features.methods.base import Method


def parameter_schema(build: "Callable[..., Method]") -> type[BaseModel]:
    """Return a pydantic model with a field for each parameter of a method's function.

    Raises:
        ConfigError: when a parameter lacks its annotation or its default.
    """
    # The return annotation may be a class that nobody has imported yet.
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


def check_parameters(name: str, schema: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of all parameters, converted to their types, defaults filled in.

    Raises:
        ConfigError: naming the method, each wrong parameter, its value, and the allowed ones.
    """
    try:
        checked = schema.model_validate(values)
    except ValidationError as error:
        raise parameter_error(name, error, schema.model_fields) from None
    return {key: getattr(checked, key) for key in schema.model_fields}


def parameter_error(name: str, error: ValidationError, allowed: Iterable[str]) -> ConfigError:
    """Return the error that names the method, each wrong parameter, its value, and the allowed ones."""
    lines = [
        f"method {name!r}, parameter {'.'.join(map(str, e['loc']))!r}: {e['msg']} (got {e['input']!r:.80})"
        for e in error.errors()
    ]
    return ConfigError("\n".join(lines), fix=f"the parameters are {', '.join(allowed)}")
