"""Every encoder of the library keeps the contract; a new one is checked by being in its room."""

from typing import Any

import pytest

from embedding_features.encoders import Encoder
from embedding_features.testing.encoder import EncoderTests

ENCODERS = {
    kind: part
    for kind, part in Encoder.members().items()
    if part.__module__.startswith("embedding_features.")
}


class TestEncoders(EncoderTests):
    @pytest.fixture(autouse=True, params=ENCODERS)
    def _choose(self, request: pytest.FixtureRequest) -> None:
        self.kind = request.param

    def make(self, **parameters: Any) -> Encoder:
        return ENCODERS[self.kind](**{"dim": 8} | parameters)
