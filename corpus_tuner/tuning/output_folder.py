"""Folder of a tuned model: its lock, learning curve and model card."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from corpus_tuner.core.files import write_text
from corpus_tuner.errors import CorpusTunerError, named
from corpus_tuner.indexes.store.write_lock import create_output_folder

CURVE = "curve.jsonl"
"""File of the learning curve."""
_LOCK = ".lock"
_KEY = ".key"


def create_tuning_folder(output: Path) -> None:
    """Make the folder of a tuning, or check that it is one.

    Raises
    ------
    SearchIndexError
        If it is a file, has other files, or cannot be made.
    CorpusTunerError
        If it cannot be written to.
    """
    lock = output / _LOCK
    create_output_folder(output, (lock,), "a tuning", "the model")
    try:
        lock.touch()
    except OSError as error:
        raise CorpusTunerError(f"cannot write to {output}: {error.strerror}") from error


@contextmanager
def lock_output(output: Path) -> Iterator[None]:
    """Lock the folder of a tuning; after an error, a folder that is still empty is removed.

    Raises
    ------
    CorpusTunerError
        If another process has locked it.
    SearchIndexError
        If it is no folder for a tuning.
    """
    create_tuning_folder(output)
    lock = output / _LOCK
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout:
        raise CorpusTunerError(f"another process tunes into {output}: wait for it") from None
    except CorpusTunerError:
        with suppress(OSError):
            files = list(output.iterdir())
            if {file.name for file in files} <= {_LOCK, _KEY}:
                for file in files:
                    file.unlink()
                output.rmdir()
        raise
    finally:
        with suppress(OSError):
            if any(output.iterdir()):
                lock.touch()  # it marks the folder, should the lock have been removed on release


def claim_output(output: Path, key: str) -> None:
    """Store the hash of a tuning's inputs in its folder.

    Raises
    ------
    CorpusTunerError
        If the folder has a tuning of other inputs, finished or not.
    """
    file = output / _KEY
    if file.is_file() and file.read_text(encoding="utf-8") != key:
        raise CorpusTunerError(
            f"{output} has another tuning (other documents or pairs, base or settings): give "
            f"another {named('output', '--output')}, or delete it to start anew"
        )
    write_text(file, key)


def write_curve(rows: Iterable[Mapping[str, Any]], output: Path) -> None:
    """Write the learning curve, one JSON object per line."""
    lines = [f"{json.dumps(row, sort_keys=True)}\n" for row in rows]
    (output / CURVE).write_text("".join(lines), encoding="utf-8")


def write_card(
    output: Path,
    metadata: Sequence[str],
    body: Sequence[str],
    settings: Mapping[str, Any],
) -> None:
    """Write the model card, ``README.md``.

    Parameters
    ----------
    output
        Folder of the model.
    metadata
        Lines of YAML for the hub.
    body
        Lines of Markdown.
    settings
        Settings of the fine-tuning.
    """
    values = [f"{name}: {'null' if value is None else value}" for name, value in settings.items()]
    lines = ["---", *metadata, "---", *body, "## Settings", "", "```yaml", *values]
    (output / "README.md").write_text("\n".join([*lines, "```", ""]), encoding="utf-8")
