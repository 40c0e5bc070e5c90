"""Feast's response to an online read, exact in data frames too."""

from typing import Any

import pandas as pd
from feast.online_response import OnlineResponse


class ExactResponse(OnlineResponse):  # type: ignore[misc]
    """Feast's own, but integers beside a missing row stay integers: as floats, large ones are rounded."""

    def to_df(self, include_event_timestamps: bool = False) -> pd.DataFrame:
        """A column a feature; integers with missing ones among them have pandas' type ``Int64``."""
        columns = self.to_dict(include_event_timestamps)
        return pd.DataFrame({name: _exact(values) for name, values in columns.items()})


def _exact(values: list[Any]) -> Any:
    kinds = {type(value) for value in values}
    return pd.array(values, dtype="Int64") if kinds == {int, type(None)} else values
