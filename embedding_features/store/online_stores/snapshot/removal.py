"""Removing views, all their versions, while others may write."""

import shutil
from contextlib import suppress
from pathlib import Path

from embedding_features.store.online_stores.snapshot.folder import REMOVED, ViewFolder


def remove_view(folder: Path) -> None:
    """Remove the folders of all versions of a view."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.startswith(REMOVED):
            shutil.rmtree(path, ignore_errors=True)  # whose remover was killed
        else:
            ViewFolder(path).remove()
    with suppress(OSError):  # somebody made a version meanwhile
        folder.rmdir()


def remove_project(folder: Path) -> None:
    """Remove all views."""
    for path in folder.iterdir() if folder.is_dir() else ():
        remove_view(path)
    with suppress(OSError):  # somebody made a view meanwhile
        folder.rmdir()
