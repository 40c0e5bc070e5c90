"""Feast's response to an online read: with true statuses, and exact in data frames too."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import pandas as pd
from feast import FeatureView, utils
from feast.online_response import OnlineResponse
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus, GetOnlineFeaturesResponse
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

#: what is read of one entity: event time and values; no values after ttl, and no time without a row
Found: TypeAlias = tuple[datetime | None, dict[str, Value] | None]


class ExactResponse(OnlineResponse):  # type: ignore[misc]
    """Is Feast's response, but integers beside a missing row stay integers: floats would round large ones."""

    def to_df(self, include_event_timestamps: bool = False) -> pd.DataFrame:
        """Return a column a feature; integers with missing ones among them have pandas' type ``Int64``."""
        columns = self.to_dict(include_event_timestamps)
        return pd.DataFrame({name: _exact(values) for name, values in columns.items()})


def _exact(values: list[Any]) -> Any:
    kinds = {type(value) for value in values}
    return pd.array(values, dtype="Int64") if kinds == {int, type(None)} else values


def unique_entities(
    table: FeatureView, values: dict[str, Any], names: dict[str, str]
) -> tuple[list[EntityKey], tuple[list[int], ...], int]:
    """Return the keys to read, the places of each in the answer, and how long that is."""
    unique, places, length = utils._get_unique_entities(table, values, names)
    return utils._get_entity_key_protos(unique), tuple(places), length


def fill(
    response: GetOnlineFeaturesResponse,
    table: FeatureView,
    names: list[str],
    found: Sequence[Found],
    places: tuple[list[int], ...],
    length: int,
    full_feature_names: bool,
    with_versions: bool,
) -> None:
    """Put what was read of a view into the response."""
    utils._populate_response_from_feature_data(
        names, found, places, response, full_feature_names, table, length, with_versions
    )
    expired = [
        i for (event, values), at in zip(found, places, strict=True) if event and values is None for i in at
    ]
    for vector in response.results[-len(names) :] if names else ():
        for i in expired:
            vector.statuses[i] = FieldStatus.OUTSIDE_MAX_AGE
