"""Makes an environment for the libraries we are measured against, without touching ours.

``deepctr-torch`` and ``fuxictr`` declare dependencies that would move ours, so both are installed without
them (``--no-deps``), with the few they import at run time, in a virtual environment of their own that also
sees ours: torch, numpy and pandas are the very same for both sides.
"""

import importlib.util
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

#: fuxictr 2.3.7 is the last that imports without ray
PEERS = (
    "deepctr-torch==0.3.0",
    "fuxictr==2.3.7",
    "h5py==3.16.0",
    "keras-preprocessing==1.1.2",
    "polars==2.1.0",
    "polars-runtime-32==2.1.0",
    "six==1.17.0",
)
MODULES = ("deepctr_torch", "fuxictr", "h5py", "keras_preprocessing", "polars", "six")


@contextmanager
def peer_python(
    folder: Path | None, packages: Sequence[str] = PEERS, modules: Sequence[str] = MODULES
) -> Iterator[str]:
    """Yield the path of a Python that has the peers.

    Args:
        folder: where the environment is kept for the next time; None: in a temporary folder, gone afterwards.
        packages: what is installed, with versions; the rankers' peers by default.
        modules: what can then be imported.
    """
    if all(importlib.util.find_spec(module) for module in modules):
        yield sys.executable
    elif folder is not None:
        yield _made(folder, packages)
    else:
        with tempfile.TemporaryDirectory(prefix="peers-") as temporary:
            yield _made(Path(temporary), packages)


def _made(folder: Path, packages: Sequence[str]) -> str:
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        lib = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        (lib / "ours.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        _run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", *packages])
        ready.touch()
    return str(python)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} … failed: {done.stderr.strip()[-500:]}")
