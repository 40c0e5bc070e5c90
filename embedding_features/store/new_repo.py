"""Makes a Feast repository where there is none: the files of ``feature_repo/`` in a folder of its own."""

from importlib import resources
from pathlib import Path

from embedding_features.errors import StoreError
from embedding_features.files import atomic_folder

#: file of a repository → the file here that it is copied from
_FILES = {"feature_store.yaml": "feature_store.yaml", "features.py": "features.txt"}


def ensure_repo(repo: Path) -> bool:
    """Make the repository if its folder is missing or empty; return whether it was made.

    Raises:
        StoreError: when the folder holds something else.
    """
    if (repo / "feature_store.yaml").is_file():
        return False
    if repo.is_dir():
        if any(repo.iterdir()):
            raise StoreError(
                f"{repo} is no Feast repository, and not empty",
                fix="name the folder of a repository, or one that is not there yet",
            )
        repo.rmdir()
    with atomic_folder(repo, repo.parent / ".staging") as made:
        for name, source in _FILES.items():
            text = resources.files("embedding_features.store").joinpath("template", source).read_bytes()
            (made / name).write_bytes(text)
    (repo.parent / ".staging").rmdir()
    return True
