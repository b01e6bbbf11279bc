"""The command line in a process of its own, to be killed at will.

It starts as a fork of a server that has imported what takes long to import, and done no more.
"""

import multiprocessing
import os
import sys
from multiprocessing.process import BaseProcess

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["corpus_tuner.cli", "sentence_transformers", "bm25s"])


def start(*arguments: object) -> BaseProcess:
    """Start ``corpus-tuner ARGUMENTS``; what it says is not kept."""
    process = _context.Process(target=_run, args=([str(argument) for argument in arguments],))
    process.start()
    return process


def finish(process: BaseProcess) -> int | None:
    """Wait for the end; return the exit code, that of a kill being negative."""
    process.join(300)
    assert process.exitcode is not None, "it does not end"
    return process.exitcode


def _run(arguments: list[str]) -> None:
    from corpus_tuner.cli import main

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.argv = ["corpus-tuner", *arguments]
    main()
