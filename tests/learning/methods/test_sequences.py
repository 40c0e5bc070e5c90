"""Methods that read the order of events learn what follows what, and nothing where the order says nothing."""

from typing import Any

import pytest

from embedding_features.methods import make
from tests.learning.methods.planted_sequences import found_next, walks

SETTINGS: dict[str, dict[str, Any]] = {
    "sasrec": {"dropout": 0.1, "lr": 5e-3, "epochs": 10},
    "pinnerformer": {"events": 1, "lr": 5e-3, "epochs": 10, "negatives": 100},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_it_learns_what_follows_what(name: str) -> None:
    told, untold = (
        found_next(make(name, dim=16, length=12, batch_size=64, **SETTINGS[name]).fit(walks(s)[0]), s)
        for s in (False, True)
    )
    assert told > 0.6
    assert untold < 0.2
