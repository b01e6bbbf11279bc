"""The command line as a whole."""

from corpus_tuner import __version__
from tests.cli.conftest import Run


def test_version_and_help(run: Run) -> None:
    assert run("--version").out.strip() == f"corpus-tuner {__version__}"
    shown = run("--help")
    assert shown.code == 0
    for command in ("quickstart", "build", "search", "eval", "info", "index", "tune"):
        assert command in shown.out
