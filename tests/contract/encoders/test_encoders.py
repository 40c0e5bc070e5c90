"""Every encoder of the library keeps the contract; a new one is checked by being among the parts."""

from typing import Any

import pytest

from embedding_features.encoders import Encoder
from embedding_features.methods.compositions import PARTS
from embedding_features.testing.encoder import EncoderTests

ENCODERS = {part.model_fields["kind"].default: part for part in PARTS if issubclass(part, Encoder)}


class TestEncoders(EncoderTests):
    @pytest.fixture(autouse=True, params=ENCODERS)
    def _choose(self, request: pytest.FixtureRequest) -> None:
        self.kind = request.param

    def make(self, **parameters: Any) -> Encoder:
        return ENCODERS[self.kind](**{"dim": 8} | parameters)


def test_every_encoder_is_among_the_parts() -> None:
    ours = {c for c in Encoder.members().values() if c.__module__.startswith("embedding_features.")}
    assert ours == set(ENCODERS.values())
