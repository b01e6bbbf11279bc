"""Where things are kept that would be costly to have again."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from corpus_tuner.core.files import hash_file

_SUMS = "sha256.json"


def get_cache_folder() -> Path:
    """Return ``$CORPUS_TUNER_CACHE``, or ``corpus-tuner`` in the user's own cache."""
    usual = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("CORPUS_TUNER_CACHE") or Path(usual) / "corpus-tuner")


def find_cached(name: str) -> Path | None:
    """Return the folder `name` of the cache, if its files are there and as they were written."""
    folder = get_cache_folder() / name
    try:
        sums = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
        files = {*_list_files(folder)} - {_SUMS}
        sound = {*sums} == files and all(hash_file(folder / file) == sums[file] for file in files)
    except (OSError, ValueError, TypeError):
        return None
    return folder if sound else None


def ensure_cached(name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder `name` of the cache; where it is missing or damaged, make it.

    Parameters
    ----------
    name
        It tells all that decides what is in the folder.
    make
        Fills a new folder, which it is given the path of; what else it needs for that it may put
        next to it. If it raises, or is killed, nothing is kept.
    """
    folder = get_cache_folder() / name
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
                sums = {name: hash_file(new / name) for name in _list_files(new)}
                (new / _SUMS).write_text(json.dumps(sums), encoding="utf-8")
                new.rename(folder)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _list_files(folder: Path) -> list[str]:
    """Return the paths of all files in a folder, from there."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in found)
