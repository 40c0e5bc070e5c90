"""Conformance tests of a registered method: the contract, and what its registration says of it."""

from typing import Any, ClassVar

import pytest

from embedding_features.errors import ConfigError
from embedding_features.methods import Method, MethodInfo, get_method, make
from embedding_features.methods.registry import Needs
from embedding_features.testing.method import MethodTests


class RegisteredMethodTests(MethodTests):
    """Checks a registered method: the contract, and what its registration says of it.

    Set ``name``, and in ``small`` the parameters that keep a fit to about a second; those that the method
    lacks are passed over::

        class TestHalved(RegisteredMethodTests):
            name = "halved"
    """

    name: str
    small: ClassVar[dict[str, Any]] = {
        "dim": 8,
        "epochs": 6,
        "batch_size": 256,
        "steps": 1,
        "hidden": 16,
        "samples_per_node": 100,
    }

    @property
    def info(self) -> MethodInfo:
        """The registered method."""
        return get_method(self.name)

    @property
    def needs(self) -> Needs:
        """What the registration says."""
        return self.info.needs

    @property
    def inductive(self) -> bool:
        """What the registration says."""
        return self.info.inductive

    def make(self, **parameters: Any) -> Method:
        """Return the registered method at its small size."""
        known = self.info.parameters
        small = {key: value for key, value in self.small.items() if key in known}
        return make(self.name, **small | parameters)

    def test_it_is_documented(self) -> None:
        """Check that the docstring cites a paper, and family, exports and usual parameters are there."""
        assert "(" in self.info.paper, "the docstring's first line cites a paper with its year in brackets"
        assert self.info.family
        assert self.info.exports
        several = "relations" in self.info.needs
        assert {"dim", "relations" if several else "relation"} <= set(self.info.parameters)

    def test_the_composition_has_the_registered_name_and_a_metric(self) -> None:
        """Check that the composition carries its name, and a metric that indexes know."""
        assert self.make().name == self.name
        assert self.make().metric in ("dot", "cosine", "l2")

    def test_its_parts_use_weights_as_registered(self) -> None:
        """Check that the use of weights that readers are told of is that of a part."""
        assert self.info.weights in self.make().weight_uses

    def test_a_wrong_parameter_is_an_error_that_names_it(self) -> None:
        """Check the errors for an unknown parameter and for a dim of 0."""
        with pytest.raises(ConfigError, match=rf"'{self.name}', parameter 'dimension'.*\n.*dim"):
            make(self.name, dimension=8)
        with pytest.raises(ConfigError, match=rf"'{self.name}'.*dim.*0"):
            make(self.name, dim=0)
