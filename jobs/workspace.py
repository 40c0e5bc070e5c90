"""Names the folders in which jobs leave what they make, and reads and writes the steps' records there."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from embedding_features.errors import DataError
from embedding_features.files import locked_folder, write_atomic

T = TypeVar("T")


class GraphRow(BaseModel):
    """Reads the folder of a graph out of its row in ``graphs.json``."""

    folder: str


@dataclass(frozen=True)
class Workspace:
    """Holds the folders of one pipeline.

    A finished result is never written again: its name holds what it was made from, so a rerun finds it.
    """

    root: Path

    @property
    def graphs(self) -> Path:
        """Folder of the graphs, each named after its moment and fingerprint."""
        return self.root / "graphs"

    @property
    def embeddings(self) -> Path:
        """Folder of the pretrained snapshots, a folder a method inside."""
        return self.root / "embeddings"

    @property
    def features(self) -> Path:
        """Folder of the derived snapshots, a folder a method and settings inside."""
        return self.root / "features"

    @property
    def checkpoints(self) -> Path:
        """Folder of trainings that have not ended."""
        return self.root / "checkpoints"

    @property
    def tuning(self) -> Path:
        """Folder of the searches for better settings, a folder a search inside."""
        return self.root / "tuning"

    @property
    def ranking(self) -> Path:
        """Folder of the trained cells of the grid."""
        return self.root / "ranking"

    @property
    def bundles(self) -> Path:
        """Folder of the exported bundles."""
        return self.root / "bundles"

    @property
    def report(self) -> Path:
        """Folder of the reports."""
        return self.root / "report"

    def write_json(self, name: str, value: Any) -> None:
        """Record the outcome of a step as ``<name>.json``."""
        write_atomic(self.root / f"{name}.json", json.dumps(value, indent=2, default=str).encode())

    def read_json(self, name: str, job: str, shape: type[T]) -> T:
        """Return what an earlier step recorded.

        Args:
            name: of the file, without ``.json``.
            job: the step that writes it.
            shape: the type that it must be of.

        Raises:
            DataError: naming the job to run first, or the file that is not JSON of that shape.
        """
        path = self.root / f"{name}.json"
        try:
            return TypeAdapter(shape).validate_json(path.read_bytes())
        except FileNotFoundError:
            raise DataError(f"no {path}", fix=f"run `embedding-features {job}` first") from None
        except ValidationError as error:
            what = error.errors()[0]["msg"]
            raise DataError(
                f"{path} is not what {job} wrote: {what}", fix=f"remove it and run {job} again"
            ) from None

    def read_json_or(self, name: str, default: Any) -> Any:
        """Return what a step recorded, or ``default`` where nothing readable of its type is."""
        try:
            found = json.loads((self.root / f"{name}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return default
        return found if isinstance(found, type(default)) else default

    def locked(self) -> AbstractContextManager[None]:
        """Keep other jobs out of the workspace while the block runs.

        Raises:
            DataError: when another process holds it.
        """
        return locked_folder(self.root)
