"""Programs that run where less is installed, or on a system that allows less.

Run as ``python -m tests.pretending``: what is pretended lasts as long as the process.
"""

import errno
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

OF_EXTRAS = ("accelerate", "datasets", "peft", "sentence_transformers", "torch", "transformers")
"""What a small install does not bring."""


def without(*modules: str) -> None:
    """Let modules be as if they were not installed."""

    class Hiding:
        def __init__(self, finder: Any) -> None:
            self.finder = finder

        def __getattr__(self, name: str) -> Any:  # distributions are found by it, too
            return getattr(self.finder, name)

        def find_spec(self, fullname: str, *rest: Any) -> Any:
            hidden = fullname.partition(".")[0] in modules
            return None if hidden else self.finder.find_spec(fullname, *rest)

    for name in modules:
        assert name not in sys.modules, f"{name} was imported before"
    sys.meta_path[:] = [Hiding(finder) for finder in sys.meta_path]


def commands(*lines: list[str]) -> None:
    """Run the command line again and again, and show every exit code."""
    from corpus_tuner.cli import main

    for line in lines:
        sys.argv = ["corpus-tuner", *line]
        code: Any = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
        sys.stdout.write(f"exit code {code}\n")
        sys.stdout.flush()


def ablation_without_tuning(*arguments: str) -> None:
    """Take a recipe apart where the extra ``tune`` is not installed."""
    without("matplotlib", "peft", "rouge_score")
    commands(["eval", *arguments, "--ablate", "--no-tune"])


def small_install(corpus: str, benchmark: str, output: str) -> None:
    """Do with the small install what it is for, and what it cannot do."""
    without(*OF_EXTRAS)
    index = f"{output}/index"
    commands(
        ["-q", "build", corpus, "-o", index],
        ["search", index, "the mill by the river", "-k", "1"],
        ["index", "check", index],
        ["info", index],
        ["-q", "eval", benchmark, "-o", f"{output}/results"],
        ["build", corpus, "-o", f"{output}/other", "--set", "generator=seq2seq"],
        ["build", corpus, "-o", f"{output}/other", "--encoder", "some/model"],
        ["tune", "generator", corpus, "--base", "google/flan-t5-base", "-o", f"{output}/tuned"],
    )


def on_windows(corpus: str, changed: str, output: str) -> None:
    """Build, search, change, check and serve as on Windows, as far as Linux can refuse the same.

    What is open can be neither replaced, renamed nor removed; only what is open for writing can be
    synced, and no folder; some modules and signals are not there; and text that is read or written
    without naming its encoding, which there is not UTF-8, is an error.
    """
    import filelock  # noqa: F401  # has a way of its own there

    without(*OF_EXTRAS)
    _be_windows()
    import corpus_tuner as ct
    from corpus_tuner.core import files

    class Windows(ModuleType):
        name = "nt"

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

    files.os = Windows("os")  # type: ignore[attr-defined]
    index = f"{output}/index"
    commands(
        ["-q", "build", corpus, "-o", index, "--set", "generator=extractive"],
        ["index", "remove", index, "d0"],
    )
    with ct.Searcher.open(index) as searcher:
        before = searcher.manifest.generation
        commands(
            ["index", "remove", index, "d1"],  # a bitmap takes the place of the one that is open
            ["-q", "build", changed, "-o", index, "--set", "generator=extractive"],
            ["index", "merge", index],
            ["search", index, "Mühle", "-k", "1"],
            ["index", "check", index],
        )
        assert searcher.search("Mühle", k=1)[0].document.title == "Die Mühle"
        assert searcher.manifest.generation == before
    packed = f"{output}/index.tar.gz"
    commands(
        ["index", "remove", index, "mill"],
        ["index", "check", index],
        ["index", "export", index, packed],
        ["index", "import", packed, f"{output}/unpacked"],
    )
    _serve(index)


def _serve(index: str) -> None:
    from fastapi.testclient import TestClient

    import corpus_tuner as ct
    from corpus_tuner.server.app import create_app

    searcher = ct.Searcher.open(index)
    app = create_app(searcher, hosts=["testserver"])
    with TestClient(app) as client:
        answer = client.get("/v1/search", params={"q": "river", "k": 1})
        assert answer.status_code == 200, answer.text
        assert client.get("/").status_code == 200
    sys.stdout.write("served\n")


def _be_windows() -> None:
    import fcntl

    access = fcntl.fcntl
    for name in ("fcntl", "resource", "pwd", "grp"):
        sys.modules[name] = None  # type: ignore[assignment]
    for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGALRM"):
        delattr(signal, name)
    del os.fork
    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    warnings.filterwarnings("error", category=EncodingWarning, module=r"corpus_tuner\b")

    def fsync(fd: Any) -> None:
        if access(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "only what is open for writing can be synced")

    def open_file(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        unnamed = flags & os.O_TMPFILE == os.O_TMPFILE  # Windows has temporary files, too
        if not unnamed and Path(path).is_dir():
            raise PermissionError(errno.EACCES, "a folder cannot be opened", str(path))
        return opened(path, flags, *rest, **options)

    opened = os.open
    os.fsync, os.open = fsync, open_file
    for name in ("rename", "replace", "remove", "unlink", "rmdir"):
        setattr(os, name, _if_not_open(getattr(os, name)))


def _if_not_open(do: Callable[..., None]) -> Callable[..., None]:
    def refusing(*paths: Any, **options: Any) -> None:
        for path in paths:
            whole = Path(path).absolute()
            for held in _open_paths():
                if f"{held}/".startswith(f"{whole}/"):
                    raise PermissionError(errno.EACCES, f"{held} is open", str(path))
        if do.__name__ == "rename" and Path(paths[1]).exists():
            raise FileExistsError(errno.EEXIST, "there is one already", str(paths[1]))
        do(*paths, **options)

    return refusing


def _open_paths() -> set[str]:
    """Return the files that this process has open or mapped."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor of the list itself
            found.add(str(entry.readlink()))
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    found |= {line.split(maxsplit=5)[5] for line in maps if "/" in line}
    return found


if __name__ == "__main__":
    programs: dict[str, Callable[..., None]] = {
        "small": small_install,
        "no-tune": ablation_without_tuning,
        "windows": on_windows,
    }
    programs[sys.argv[1]](*sys.argv[2:])
