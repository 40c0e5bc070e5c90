"""Where the project and public data are, for tests that read their files."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def data_folder(name: str) -> Path:
    """The folder of a public data set; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("EMBEDDING_FEATURES_DATA", "../shared/data")) / name
    if not folder.is_dir():
        pytest.skip(f"no {name} under $EMBEDDING_FEATURES_DATA")
    return folder
