"""Files, pipes and standard input are opened once."""

import gzip
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from corpus_tuner.core.records import BadRecord, read_lines
from corpus_tuner.eval.trec.qrels import read_qrels
from corpus_tuner.eval.trec.queries import read_queries
from corpus_tuner.eval.trec.runs import read_run

LINE = "q1 Q0 d1 1 0.5 x\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe_is_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for text, read, expected in (
        (LINE, read_run, {"q1": [("d1", 0.5)]}),
        ("q1 0 d1 1\n", read_qrels, {"q1": {"d1": 1}}),
        ("q1\tmill\n", read_queries, {"q1": "mill"}),
    ):
        writer = Thread(target=pipe.write_bytes, args=(pack(text.encode()),), daemon=True)
        writer.start()
        assert read(pipe) == expected
        writer.join()


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"a\n\xff\n")))
    monkeypatch.setattr(sys, "stdin", given)
    (_, first), (where, second) = read_lines(Path("-"))
    assert (first, where) == ("a\n", "standard input:2")
    assert isinstance(second, BadRecord)
    assert not given.closed
