"""What benchmarks share."""

from argparse import ArgumentTypeError

import pytest

from benchmarks.harness import setting


def test_values_of_settings_are_yaml() -> None:
    assert setting("lr=0.5") == ("lr", 0.5)
    assert setting("metapath=[wrote, '~wrote']") == ("metapath", ["wrote", "~wrote"])
    assert setting("relation=cites") == ("relation", "cites")
    assert setting("candidates=null") == ("candidates", None)
    with pytest.raises(ArgumentTypeError, match="'lr' is not name=value"):
        setting("lr")
