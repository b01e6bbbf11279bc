"""A command that is asked to end."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_build_that_is_asked_to_end_says_how_to_go_on(
    tmp_path: Path, run: Run, small: list[str], name: str
) -> None:
    number = getattr(signal, name)
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(400))
    build = ["build", str(corpus), "--output", str(tmp_path / "index"), *small]
    process = subprocess.Popen(
        # Whoever runs tests in the background, or under nohup, has these signals ignored.
        [sys.executable, "-c", f"import signal; signal.signal({number}, signal.SIG_DFL if {number} "
         "!= signal.SIGINT else signal.default_int_handler); from corpus_tuner.cli import main; "
         "main()", *build, "--set", "documents_at_once=1"],
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("index/building-*/*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert "stopped; run the same command again to resume" in err
    assert "Traceback" not in err
    assert list(tmp_path.glob("index/building-*/*"))
    write_jsonl(corpus, make_documents(5))
    assert run(*build).code == 0
