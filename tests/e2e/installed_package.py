"""A third party's package, installed in a folder of its own beside ours."""

from pathlib import Path
from textwrap import dedent


def installed(folder: Path, name: str, entry_points: str, **modules: str) -> Path:
    """Write a package's metadata and modules; ``folder`` in front of PYTHONPATH makes it installed."""
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(entry_points)
    for module, code in modules.items():
        (folder / f"{module}.py").write_text(dedent(code))
    return folder
