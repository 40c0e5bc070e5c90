"""The frozen pydantic base of every configuration, and its YAML and hash."""

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from embedding_features.errors import ConfigError


class Config(BaseModel):
    """Base of all configurations: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


C = TypeVar("C", bound=BaseModel)


def config_hash(config: BaseModel | dict[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON of a configuration: equal settings, equal hash."""
    data = config.model_dump(mode="json") if isinstance(config, BaseModel) else config
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def parse_config(data: object, cls: type[C], origin: str) -> C:
    """Validate ``data`` as ``cls``.

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
    """Read a YAML file with the safe loader.

    Raises:
        ConfigError: when the file is missing or not YAML.
    """
    path = Path(path)
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"no configuration at {path}", fix="check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}", fix="correct the line named above") from None


def load_config(path: str | Path, cls: type[C]) -> C:
    """Read and validate a YAML configuration (see :func:`read_yaml` and :func:`parse_config`)."""
    return parse_config(read_yaml(path), cls, str(path))
