"""A command that is asked to end."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl
from tests.fault_injection import start_command, wait_for_exit


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_build_that_is_asked_to_end_says_how_to_go_on(
    tmp_path: Path, run: Run, small: list[str], name: str
) -> None:
    number = getattr(signal, name)
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(400))
    build = ["build", str(corpus), "--output", str(tmp_path / "index"), *small]
    errors = tmp_path / "errors.txt"
    process = start_command(*build, "--set", "documents_at_once=1", errors=errors)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("index/building-*/*")):
        assert process.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.pid
    os.kill(process.pid, number)
    assert wait_for_exit(process) == 128 + number
    err = errors.read_text(encoding="utf-8")
    assert "stopped; run the same command again to resume" in err
    assert "Traceback" not in err
    assert list(tmp_path.glob("index/building-*/*"))
    write_jsonl(corpus, make_documents(5))
    assert run(*build).code == 0
