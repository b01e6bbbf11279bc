"""Cache of folders that are costly to make."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from corpus_tuner.core.files import hash_file

_SUMS = "sha256.json"


def get_cache_folder() -> Path:
    """Return ``$CORPUS_TUNER_CACHE``, or ``corpus-tuner`` in the cache of the user."""
    default = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("CORPUS_TUNER_CACHE") or Path(default) / "corpus-tuner")


def find_cached(name: str) -> Path | None:
    """Return the folder `name` of the cache, if all its files are there and undamaged."""
    folder = get_cache_folder() / name
    try:
        sums = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
        files = {*_list_files(folder)} - {_SUMS}
        valid = {*sums} == files and all(hash_file(folder / file) == sums[file] for file in files)
    except (OSError, ValueError, TypeError):
        return None
    return folder if valid else None


def ensure_cached(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder `name` of the cache; make it if it is missing or damaged.

    The name depends on everything that decides the contents. `make` fills a new folder; it may put
    temporary files next to it. If it raises or is killed, nothing is stored.
    """
    folder = get_cache_folder() / name
    if find_cached(name):
        return folder
    from filelock import FileLock  # imported only here, as nearly all folders are there

    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if find_cached(name) is None:
            shutil.rmtree(folder, ignore_errors=True)
            scratch = folder.with_name(f"{folder.name}.new")
            shutil.rmtree(scratch, ignore_errors=True)  # of one that was killed
            new = scratch / "new"
            new.mkdir(parents=True)
            try:
                make(new)
                sums = {file: hash_file(new / file) for file in _list_files(new)}
                (new / _SUMS).write_text(json.dumps(sums), encoding="utf-8")
                new.rename(folder)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _list_files(folder: Path) -> list[str]:
    """Return the relative paths of all files in a folder."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in found)
