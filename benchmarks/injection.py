"""Faults made on purpose: processes to be killed, disks that are full, files that are damaged."""

import errno
import multiprocessing
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

processes = multiprocessing.get_context("forkserver")
"""They start as forks of a server that has imported what takes long to import, and done no more."""
processes.set_forkserver_preload(["corpus_tuner.cli", "sentence_transformers", "bm25s"])


def start(*arguments: object, file_limit: int | None = None) -> BaseProcess:
    """Start ``corpus-tuner ARGUMENTS``; what it says is not kept.

    Parameters
    ----------
    arguments
        Of the command line.
    file_limit
        How many bytes a file can have, as if the disk were full then.
    """
    words = [str(argument) for argument in arguments]
    process = processes.Process(target=_run, args=(words, file_limit))
    process.start()
    return process


def finish(process: BaseProcess) -> int:
    """Wait for the end; return the exit code, that of a kill being negative."""
    process.join(300)
    assert process.exitcode is not None, "it does not end"
    return process.exitcode


def _run(arguments: list[str], file_limit: int | None) -> None:
    from corpus_tuner.cli import main

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    if file_limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    sys.argv = ["corpus-tuner", *arguments]
    main()


@contextmanager
def failing(at: int, error: int = errno.ENOSPC) -> Iterator[list[str]]:
    """Let the disk fail from the `at`-th time on that something must be kept there.

    Yields
    ------
    What was asked of it, by name.
    """
    calls: list[str] = []

    def watched(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*arguments: Any, **named: Any) -> Any:
            calls.append(name)
            if len(calls) >= at:
                raise OSError(error, os.strerror(error))
            return real(*arguments, **named)

        return call

    with ExitStack() as patched:
        for name in ("fsync", "rename", "replace", "truncate"):
            patched.enter_context(patch.object(os, name, watched(name)))
        yield calls


def damage(file: Path, others: list[Path], chance: random.Random) -> str:
    """Damage a file in one of several ways, and say which."""
    data = file.read_bytes()
    how = chance.choice(["flip", "flip", "cut", "swap", "delete"])
    if how == "flip":
        at = chance.randrange(len(data))
        file.write_bytes(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :])
    elif how == "cut":
        file.write_bytes(data[: chance.randrange(len(data))])
    elif how == "delete":
        file.unlink()
    else:
        other = chance.choice([one for one in others if one.read_bytes() != data])
        file.write_bytes(other.read_bytes())
        other.write_bytes(data)
    return how


def damageable(index: Path) -> list[Path]:
    """Return the files of an index that hold something."""
    return [
        file
        for file in sorted(index.rglob("*"))
        if file.is_file() and file.name not in ("writer.lock", "ledger.sqlite.sha256")
    ]
