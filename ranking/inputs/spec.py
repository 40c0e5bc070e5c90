"""The spec of a ranker's inputs: a YAML list of fields that training and service encode alike."""

from pydantic import Field, model_validator

from embedding_features.config import Config
from embedding_features.errors import ConfigError
from embedding_features.files import safe_name
from ranking.inputs.field_specs import (
    AnyField,
    BagSpec,
    CategorySpec,
    HistorySpec,
    SharedCoding,
    VectorSpec,
    codes_owner,
    columns_of,
)


class RankerSpec(Config):
    """Lists the fields of a ranker's inputs; ``load_config(path, RankerSpec)`` reads it from YAML.

    Example:
        >>> item = {"kind": "categorical", "name": "item_id", "side": "item", "column": "item_id"}
        >>> age = {"kind": "dense", "name": "age", "column": "user_age", "default": 30}
        >>> RankerSpec.model_validate({"fields": [item, age]}).columns()
        ['item_id', 'user_age']
    """

    fields: tuple[AnyField, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "RankerSpec":
        names = [field.name for field in self.fields]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"fields named twice: {', '.join(twice)}")
        vectors = {field.name for field in self.fields if isinstance(field, VectorSpec)}
        coded = [f for f in self.fields if isinstance(f, CategorySpec | BagSpec)]
        owners = {field.name for field in coded if codes_owner(field) == field.name}
        for field in self.fields:
            _check_name(field.name)
            coding = getattr(field, "coding", None)
            if isinstance(coding, SharedCoding) and coding.of not in owners:
                raise ValueError(
                    f"{field.name} shares the codes of {coding.of!r}, which has none of its own; fields that "
                    f"have: {', '.join(sorted(owners)) or 'none'}"
                )
            if isinstance(field, HistorySpec) and field.candidate not in {"", *vectors}:
                raise ValueError(f"{field.name}: the candidate {field.candidate!r} is no vector field")
        return self

    def columns(self) -> list[str]:
        """Return the raw columns that are read, in order, each once."""
        return list(dict.fromkeys(column for field in self.fields for column in columns_of(field)))


def _check_name(name: str) -> None:
    try:
        safe_name(name, "field")
    except ConfigError as error:
        raise ValueError(error.what) from None  # so that it is told with the file's other errors
