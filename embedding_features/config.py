"""The frozen pydantic base of every configuration, and its YAML and hash."""

import hashlib
import json
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from embedding_features.errors import ConfigError
from embedding_features.plugins import load_plugins

#: entry points of methods, which bring the parts of their own with them
METHOD_PLUG_INS = "embedding_features.methods"


class Config(BaseModel):
    """A frozen configuration in which unknown keys are errors; the base of all others."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class Part(Config):
    """A piece of a composition that is written with its ``kind`` and read back as the class of that kind.

    A family of parts (encoders, solvers …) is a subclass without a kind of its own; each member declares
    ``kind: Literal["lookup"] = "lookup"``. A mapping validated as the family becomes the member of that kind,
    so a resolved composition survives JSON, and a third party's part needs no entry in a union.

    Attributes:
        plug_ins: group of entry points by which a family finds third parties' members; "" for a family that
            has none.
    """

    plug_ins: ClassVar[str] = ""
    kind: str

    @model_validator(mode="wrap")
    @classmethod
    def _member(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict) or not cls.model_fields["kind"].is_required():
            return handler(data)
        kind, members = data.get("kind"), cls.members()
        if kind not in members:
            raise ValueError(f"no {cls.__name__} of kind {kind!r}; there are {sorted(members)}")
        return members[kind].model_validate(data)

    @classmethod
    def members(cls) -> "dict[str, type[Self]]":
        """Return the family's members by kind: those imported by now, and those of entry points."""
        if cls.plug_ins:
            load_plugins(cls.plug_ins)
        return {member.model_fields["kind"].default: member for member in _subclasses(cls)}


P = TypeVar("P", bound=Part)


def _subclasses(cls: type[P]) -> list[type[P]]:
    """Return all subclasses that have a kind."""
    below = [c for direct in cls.__subclasses__() for c in (direct, *_subclasses(direct))]
    return [c for c in below if not c.model_fields["kind"].is_required()]


C = TypeVar("C", bound=BaseModel)


def config_hash(config: BaseModel | dict[str, Any]) -> str:
    """Return the SHA-256 (hex) of a configuration's canonical JSON: equal settings have equal hashes."""
    data = config.model_dump(mode="json") if isinstance(config, BaseModel) else config
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def parse_config(data: object, cls: type[C], origin: str) -> C:
    """Return ``data`` validated as an instance of ``cls``.

    Args:
        data: what a YAML or JSON file holds.
        cls: the class to validate it as.
        origin: where the data come from, for errors: a path, or words.

    Raises:
        ConfigError: naming ``origin``, each offending field, its value and the rule it breaks.
    """
    try:
        return cls.model_validate(data)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, e['loc'])) or '(top level)'}: {e['msg']} (got {e['input']!r:.80})"
            for e in error.errors()
        ]
        raise ConfigError(
            f"{origin} is not a valid {cls.__name__}:\n" + "\n".join(lines),
            fix="correct the fields named above",
        ) from None


def read_yaml(path: str | Path) -> object:
    """Return what a YAML file holds, read with the safe loader.

    Raises:
        ConfigError: when the file is missing, cannot be read, or is not YAML.
    """
    path = Path(path)
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"no configuration at {path}", fix="check the path") from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", fix="name a YAML file that you may read"
        ) from None
    except Exception as error:  # of YAML, or what Python raises for a value such as the date 2026-13-01
        raise ConfigError(f"{path} is not YAML: {error}", fix="correct the line named above") from None


def load_config(path: str | Path, cls: type[C]) -> C:
    """Return a YAML file as an instance of ``cls`` (see :func:`read_yaml` and :func:`parse_config`)."""
    return parse_config(read_yaml(path), cls, str(path))
