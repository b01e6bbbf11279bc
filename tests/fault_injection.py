"""Fault injection: processes to kill, disks that are full, files that are damaged."""

import errno
import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

PROCESSES = multiprocessing.get_context("forkserver")
"""Starts processes as forks of a server that has imported the slow libraries, and nothing else."""
PROCESSES.set_forkserver_preload(
    [
        *("corpus_tuner.cli", "corpus_tuner.building.pipeline", "corpus_tuner.indexes.searcher"),
        *("corpus_tuner.encoders.sentence_transformer", "corpus_tuner.encoders.ctranslate2_model"),
        *("sentence_transformers", "bm25s", "faiss"),
    ]
)


def start_command(
    *arguments: object, file_limit: int | None = None, errors: str | Path = os.devnull
) -> BaseProcess:
    """Start ``corpus-tuner ARGUMENTS``.

    Parameters
    ----------
    arguments
        Arguments of the command line.
    file_limit
        Most bytes of a file, as if the disk were full.
    errors
        Where standard error goes; standard output goes nowhere.
    """
    words = [str(argument) for argument in arguments]
    process = PROCESSES.Process(target=_run, args=(words, file_limit, str(errors)))
    process.start()
    return process


def wait_for_exit(process: BaseProcess) -> int:
    """Return the exit code of a process, negative after a kill."""
    process.join(300)
    assert process.exitcode is not None, "it does not end"
    return process.exitcode


def _run(arguments: list[str], file_limit: int | None, errors: str) -> None:
    from corpus_tuner.cli import main

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    # Whoever runs tests in the background, or under nohup, has these signals ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if file_limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    sys.argv = ["corpus-tuner", *arguments]
    main()


@contextmanager
def fail_writes(at: int, error: int = errno.ENOSPC) -> Iterator[list[str]]:
    """Let calls that sync, rename or truncate files fail from the `at`-th one on.

    Yields
    ------
    Names of the calls so far.
    """
    calls: list[str] = []

    def wrap(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*arguments: Any, **named: Any) -> Any:
            calls.append(name)
            if len(calls) >= at:
                raise OSError(error, os.strerror(error))
            return real(*arguments, **named)

        return call

    with ExitStack() as patched:
        for name in ("fsync", "rename", "replace", "truncate"):
            patched.enter_context(patch.object(os, name, wrap(name)))
        yield calls


def damage_file(file: Path, others: list[Path], chance: random.Random) -> str:
    """Damage a file in one of several ways, and return which."""
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


def list_files_to_damage(index: Path) -> list[Path]:
    """Return the files of an index that have contents."""
    return [
        file
        for file in sorted(index.rglob("*"))
        if file.is_file() and file.name not in ("writer.lock", "ledger.sqlite.sha256")
    ]
