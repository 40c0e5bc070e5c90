"""Which vector fields of a ranker an encoder computes, and by which of its nodes."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from embedding_features.errors import CompatibilityError, ConfigError
from ranking.models.schema import Schema
from ranking.task.task import SIDES, Side


class ComputedVector(NamedTuple):
    """A vector field that an encoder computes.

    Attributes:
        column: number of the field among the vector fields.
        table: number of its node type, and so of its table, among the encoder's.
        key: number of the key column that holds the id of its node.
    """

    column: int
    table: int
    key: int


def find_computed_vectors(
    schema: Schema,
    dims: Mapping[str, int],
    fields: Collection[str],
    node_types: Mapping[Side, str],
    origin: str,
) -> list[ComputedVector]:
    """Return the vector fields to compute.

    Args:
        schema: fields of the ranker.
        dims: node type of the encoder → dim of its vectors, in the encoder's order.
        fields: names of the fields to compute; all vector fields when empty.
        node_types: of user and item.
        origin: where the encoder comes from, for errors.

    Raises:
        ConfigError: when a field is no vector field, or its side has no id with keys.
        CompatibilityError: when a field's vectors are of another dim than the encoder's.
    """
    names = [vector.name for vector in schema.vectors]
    unknown = sorted(set(fields) - set(names))
    if unknown or not names:
        raise ConfigError(f"no vector fields {unknown} among {names}", fix="name vector fields of the inputs")
    computed = []
    for column, vector in enumerate(schema.vectors):
        if fields and vector.name not in fields:
            continue
        node_type = node_types[SIDES[SIDES.index(vector.side)]]
        if dims.get(node_type) != vector.dim:
            raise CompatibilityError(
                f"{vector.name} has dim {vector.dim}, the encoder of {origin} makes {dims}",
                fix="name the fields of the encoder's own snapshot, and the node types of user and item",
            )
        table = list(dims).index(node_type)
        computed.append(ComputedVector(column, table, _key_column(schema, vector.side)))
    return computed


def _key_column(schema: Schema, side: str) -> int:
    for field in schema.categorical:
        if field.identity and field.side == side and field.key is not None:
            return field.key
    raise ConfigError(
        f"the inputs have no id of the {side} with keys: the encoder's node cannot be found",
        fix=f"add a categorical field of {side}_id with identity: true and keys: true",
    )
