"""Folders of saved indexes: written whole or not at all, read through memory maps.

A folder holds ``index.json``, ``ids.arrow`` and by kind: exact ``vectors.npy``; IVF-PQ that and
``index.faiss``; HNSW ``index.faiss``, which holds the vectors, and what a walk reads besides: ``codes.npy``,
``scales.npy``, ``entries.npy``.
"""

import json
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa

from embedding_features.arrays import F32
from embedding_features.artifact import Space, check_space
from embedding_features.config import parse_config
from embedding_features.errors import CompatibilityError, ConfigError, SnapshotError
from embedding_features.files import atomic_folder, sha256_file
from embedding_features.recall.catalogue import Catalogue
from embedding_features.recall.hnsw.graph import HNSWGraph
from embedding_features.recall.manifest import FileRecord, IndexManifest
from embedding_features.recall.settings import HNSW, Exact

MANIFEST = "index.json"
_IDS, _VECTORS, _NEAR = "ids.arrow", "vectors.npy", "index.faiss"
_WALKED = ("codes", "scales", "entries")
_AGAIN = "remove the folder and build the index again"


def save(
    folder: Path, manifest: IndexManifest, catalogue: Catalogue, vectors: F32, ann_index: Any | None
) -> None:
    """Write an index into ``folder``, the manifest last.

    Raises:
        SnapshotError: when it is there already.
    """
    with atomic_folder(folder, folder.parent / ".staging") as staging:
        batch = pa.record_batch({f"{manifest.node_type}_id": catalogue.ids})
        with pa.ipc.new_file(staging / _IDS, batch.schema) as writer:
            writer.write_batch(batch)
        if isinstance(ann_index, HNSWGraph):
            for name in _WALKED:
                np.save(staging / f"{name}.npy", getattr(ann_index.arrays, name))
        else:
            np.save(staging / _VECTORS, vectors)
        if ann_index is not None:
            faiss.write_index(
                ann_index.index if isinstance(ann_index, HNSWGraph) else ann_index, str(staging / _NEAR)
            )
        files = {
            path.name: FileRecord(bytes=path.stat().st_size, sha256=sha256_file(path))
            for path in sorted(staging.iterdir())
        }
        manifest = manifest.model_copy(update={"files": files})
        (staging / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load(
    folder: Path, *, space: Space | None, run_id: str | None, verify: bool
) -> tuple[IndexManifest, Catalogue, F32, Any | None]:
    """Load the parts of a :class:`.RecallIndex`; arguments and errors are those of its ``load``."""
    manifest = read_manifest(folder)
    if space is not None:
        check_space(space, manifest.space)
    if run_id is not None and run_id != manifest.run_id:
        raise CompatibilityError(
            f"expected the index of snapshot {run_id}, found that of {manifest.run_id} in {folder}",
            fix="build the index of that snapshot, or use this one's",
        )
    _check_files(folder, manifest, verify)
    try:
        ids, vectors, ann_index = _open(folder, manifest)
    except (OSError, ValueError, RuntimeError) as error:  # ValueErrors of Arrow, RuntimeErrors of faiss
        raise SnapshotError(f"{folder} cannot be read: {error}", fix=_AGAIN) from None
    shape = (manifest.count, manifest.space.dim)
    found = [("ids", (len(ids), shape[1])), ("vectors", vectors.shape)]
    if isinstance(ann_index, HNSWGraph):
        found.append(("codes", ann_index.coded))
    elif ann_index is not None:
        found.append(("lists", (ann_index.ntotal, ann_index.d)))
    for name, other in found:
        if other != shape:
            raise SnapshotError(f"{folder}: {name} are for {other}, the manifest says {shape}", fix=_AGAIN)
    return manifest, Catalogue(ids), vectors, ann_index


def _open(folder: Path, manifest: IndexManifest) -> tuple[pa.Array, F32, Any | None]:
    """Return ids, vectors, and the graph or faiss index, as memory maps."""
    # The map stays open as long as the ids that lie in it.
    ids = pa.ipc.open_file(pa.memory_map(str(folder / _IDS))).get_batch(0).column(0)
    ids.validate()
    if isinstance(manifest.settings, Exact):
        return ids, _mapped(folder / _VECTORS), None
    ann_index: Any = faiss.read_index(str(folder / _NEAR), faiss.IO_FLAG_MMAP_IFC)
    if isinstance(manifest.settings, HNSW):
        ann_index = HNSWGraph(ann_index, *(_mapped(folder / f"{name}.npy") for name in _WALKED))
        return ids, ann_index.vectors, ann_index
    return ids, _mapped(folder / _VECTORS), ann_index


def _mapped(path: Path) -> Any:
    """Return the array of a ``.npy`` file as a memory map."""
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


def read_manifest(folder: Path) -> IndexManifest:
    """The manifest of an index folder.

    Raises:
        SnapshotError: when it is missing, unreadable, of an unknown format, or not valid.
    """
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SnapshotError(
            f"no recall index at {folder}: {MANIFEST} is missing", fix="check the path"
        ) from None
    except (ValueError, OSError) as error:
        raise SnapshotError(f"{path} cannot be read: {error}", fix=_AGAIN) from None
    form = data.get("format") if isinstance(data, dict) else None
    if form != 1:
        raise SnapshotError(
            f"{path} is of format {form!r}, this library reads format 1",
            fix="use the version of embedding-features that wrote it",
        )
    try:
        manifest = parse_config(data, IndexManifest, str(path))
    except ConfigError as error:
        raise SnapshotError(error.what, fix=_AGAIN) from None
    needed = {_IDS} | (set() if isinstance(manifest.settings, Exact) else {_NEAR})
    needed |= {f"{name}.npy" for name in _WALKED} if isinstance(manifest.settings, HNSW) else {_VECTORS}
    if needed != set(manifest.files):
        raise SnapshotError(f"{path} lists {sorted(manifest.files)}, not {sorted(needed)}", fix=_AGAIN)
    return manifest


def _check_files(folder: Path, manifest: IndexManifest, verify: bool) -> None:
    for name, record in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise SnapshotError(f"{folder} lacks the file {name}", fix=_AGAIN)
        size = path.stat().st_size
        if size != record.bytes:
            raise SnapshotError(f"{path} has {size} bytes, {record.bytes} were written", fix=_AGAIN)
        if verify and sha256_file(path) != record.sha256:
            raise SnapshotError(f"{path} is not the file that was written: its SHA-256 differs", fix=_AGAIN)
