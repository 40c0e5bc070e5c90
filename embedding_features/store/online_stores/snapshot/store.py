"""An embedded online store for Feast: a memory-mapped snapshot, and a small durable delta for pushes.

    online_store:
      type: embedding_features.store.online_stores.snapshot.SnapshotOnlineStore
      path: data/online_snapshots

Each view version has a folder (:mod:`.folder`). Snapshots come by :class:`.ArrowEngine`, or by
:meth:`.EmbeddingOnlineStore.write_table`. Pushed rows are written all or none, and are on disk when the push
returns.
"""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Literal

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.helpers import compute_versioned_name
from feast.repo_config import FeastConfigBaseModel
from typing_extensions import override

from embedding_features.store.online_stores.base import EmbeddingOnlineStore
from embedding_features.store.online_stores.names import folder_of
from embedding_features.store.online_stores.snapshot.folder import REMOVED, ViewFolder
from embedding_features.store.online_stores.snapshot.view import SnapshotView


class SnapshotOnlineStoreConfig(FeastConfigBaseModel):  # type: ignore[misc]
    """Holds the settings ``online_store`` of ``feature_store.yaml``.

    Attributes:
        type: the class path of the store.
        path: the folder of its files, relative to the repository.
    """

    type: Literal["embedding_features.store.online_stores.snapshot.SnapshotOnlineStore"] = (
        "embedding_features.store.online_stores.snapshot.SnapshotOnlineStore"
    )
    path: str = "data/online_snapshots"


class SnapshotOnlineStore(EmbeddingOnlineStore):
    """Serves memory-mapped snapshots, and a small durable delta of pushes over them."""

    def __init__(self) -> None:
        self._views: dict[tuple[str, ...], SnapshotView] = {}

    async def close(self) -> None:
        """Let go of the files that are open; the next read opens them anew."""
        self._views.clear()

    @override
    def _view(self, config: RepoConfig, view: FeatureView) -> SnapshotView:
        versioned = compute_versioned_name(view, config.registry.enable_online_feature_view_versioning)
        key = (config.online_store.path, str(config.repo_path), config.project, view.name, versioned)
        found = self._views.get(key)
        if found is None:  # paths are slow to build, a read takes microseconds
            path = folder_of(folder_of(_root(config), view.name), versioned)
            found = self._views.setdefault(key, SnapshotView(path))
        return found

    @override
    def _remove_view(self, config: RepoConfig, view: FeatureView) -> None:
        _remove_versions(folder_of(_root(config), view.name))

    @override
    def _remove_project(self, config: RepoConfig) -> None:
        root = _root(config)
        for path in root.iterdir() if root.is_dir() else ():
            _remove_versions(path)
        with suppress(OSError):  # somebody made a view meanwhile
            root.rmdir()


def _root(config: RepoConfig) -> Path:
    """Return the folder of a project's views."""
    path = Path(config.online_store.path)
    root = path if path.is_absolute() else Path(config.repo_path or ".").resolve() / path
    return folder_of(root, config.project)


def _remove_versions(folder: Path) -> None:
    """Remove the folders of all versions of a view, when nobody writes."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.startswith(REMOVED):
            shutil.rmtree(path, ignore_errors=True)  # whose remover was killed
        else:
            ViewFolder(path).remove()
    with suppress(OSError):  # somebody made a version meanwhile
        folder.rmdir()
