"""Parsing of files in a child process with limits of memory and time.

A small file can make a parser take gigabytes, or never end: a compressed stream of zeros, a chapter
that is named 20,000 times, forms in forms. Such a file is an unreadable one, and the next file gets
a new process. Files and results are exchanged as lines of JSON.
"""

import json
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Timer
from typing import Any

from corpus_tuner.corpora.formats import ParsedFile, UnreadableError, load_reader, make_unreadable
from corpus_tuner.corpora.settings import CorpusSettings

try:
    import resource
except ImportError:  # Windows has only the limit of the time by the clock
    resource = None  # type: ignore[assignment]

_CLOCK_FACTOR = 10
"""The clock may take so many times the processor time, on a busy machine or a slow disk."""
_TOO_LARGE = "needs more memory to parse than corpus.parse_memory"
_TOO_LONG = "takes longer to parse than corpus.parse_seconds"


class ParserProcess:
    """Parses files in a process that is started for the first one; a context manager."""

    def __init__(self, settings: CorpusSettings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "ParserProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, path: Path) -> ParsedFile:
        """Parse a file.

        Raises
        ------
        UnreadableError
            If it is not what its suffix says, or exceeds a limit.
        OSError
            If it cannot be read.
        """
        settings = self._settings
        if self._process and self._process.poll() is not None:
            self._stop()
        process = self._process = self._process or _start(settings)
        assert process.stdin is not None
        assert process.stdout is not None
        is_late = Event()

        def stop() -> None:
            is_late.set()
            process.kill()

        clock = Timer(_CLOCK_FACTOR * settings.parse_seconds, stop)
        clock.start()
        try:
            process.stdin.write(json.dumps([str(path), settings.encoding]) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            clock.cancel()
        if not answer:
            status = self._stop()
            is_late_by_cpu = status == -getattr(signal, "SIGXCPU", 0)
            # Most libraries of C abort where they get no memory.
            raise UnreadableError(_TOO_LONG if is_late.is_set() or is_late_by_cpu else _TOO_LARGE)
        kind, values = json.loads(answer)
        if kind == "parsed":
            text, title, metadata, notes = values
            return ParsedFile(text, title, metadata, tuple((one, more) for one, more in notes))
        if kind == "memory":
            self._stop()
            raise UnreadableError(_TOO_LARGE)
        raise OSError(*values) if kind == "system" else UnreadableError(*values)

    def _stop(self) -> int:
        """Stop the process; return its exit status, negative for a signal."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with process:
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()
            return process.wait()


def _start(settings: CorpusSettings) -> "subprocess.Popen[str]":
    limits = (str(settings.parse_memory), str(settings.parse_seconds))
    return subprocess.Popen(
        [sys.executable, "-m", __name__, *limits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
    )


def _limit(kind: str, soft: int) -> None:
    """Set a limit of this process, if the system has one of this kind."""
    if resource is not None:
        number = getattr(resource, kind)
        hard = resource.getrlimit(number)[1]
        allowed = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
        resource.setrlimit(number, (allowed, hard))


def _parse(path: Path, encoding: str | None) -> tuple[str, Any]:
    """Return the kind of an answer, and the parsed file or why there is none."""
    try:
        return "parsed", load_reader(path.suffix.lower(), encoding)(path)
    except MemoryError:
        return "memory", ()
    except OSError as error:
        return "system", (error.errno, error.strerror or str(error))
    except Exception as error:
        found = error if isinstance(error, UnreadableError) else make_unreadable(error)
        return "unreadable", (found.reason, found.detail)


def main() -> None:
    """Answer the lines of the standard input, until there are no more."""
    memory, seconds = (int(argument) for argument in sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops this process
    _limit("RLIMIT_AS", memory << 20)
    _limit("RLIMIT_CORE", 0)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what libraries print
    for line in sys.stdin:
        path, encoding = json.loads(line)
        _limit("RLIMIT_CPU", math.ceil(time.process_time()) + seconds)
        try:
            answer = json.dumps(_parse(Path(path), encoding))
        except MemoryError:
            answer = json.dumps(("memory", ()))
        answers.write(f"{answer}\n")
        answers.flush()


if __name__ == "__main__":
    main()
