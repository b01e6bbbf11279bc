"""A small install does what it promises, and files are handled as Windows lets them be."""

import os
import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

from tests.conftest import make_documents, write_jsonl
from tests.eval.made_benchmark import make_benchmark

MILL = {"_id": "mill", "title": "Die Mühle", "text": "The mill by the river grinds wheat. Über."}


def pretend(what: str, *arguments: object, options: tuple[str, ...] = ()) -> tuple[str, str]:
    """Run a program of `tests.pretending`; return what it printed, and its errors."""
    done = subprocess.run(
        [sys.executable, *options, "-m", "tests.pretending", what, *map(str, arguments)],
        env=os.environ | {"COLUMNS": "300"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


def exit_codes(printed: str) -> list[int]:
    return [int(code) for code in re.findall("exit code (.+)", printed)]


@pytest.mark.slow
def test_an_ablation_without_tuning(tmp_path: Path, small: list[str], t5_folder: Path) -> None:
    benchmark = make_benchmark(tmp_path / "asked", documents=6, queries=4)
    values = ("name=seq2seq", f"model={t5_folder}", "max_new_tokens=4")
    generator = [part for value in values for part in ("--set", f"generator.{value}")]
    recipe = [*small, "--set", "checks=[duplicate]", *generator]
    printed, errors = pretend("no-tune", benchmark, "-o", tmp_path / "results", *recipe)
    assert exit_codes(printed) == [0], errors


@pytest.mark.slow
def test_without_pytorch(tmp_path: Path) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", [MILL, *make_documents(3)])
    benchmark = make_benchmark(tmp_path / "asked", documents=6, queries=4)
    printed, errors = pretend("small", corpus, benchmark, tmp_path)
    assert exit_codes(printed) == [0] * 5 + [2] * 3, errors
    assert "Die Mühle" in printed
    generator, encoder, tuning = re.findall("error: (.+)", errors)
    assert "the generator seq2seq needs an extra: pip install" in generator
    assert "[build]" in generator
    assert generator.endswith("or do without it: --set generator=extractive")
    assert "some/model" in encoder and "[build]" in encoder
    assert "[build,tune]" in tuning
    assert not (tmp_path / "other").exists()  # nothing was begun


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_files_as_windows_lets_them_be(tmp_path: Path) -> None:
    documents = [MILL, *make_documents(3)]
    corpus = write_jsonl(tmp_path / "c.jsonl", documents)
    changed = write_jsonl(tmp_path / "d.jsonl", [*documents[:-1], {**documents[-1], "_id": "new"}])
    printed, errors = pretend(
        "windows", corpus, changed, tmp_path, options=("-X", "warn_default_encoding")
    )
    assert not any(exit_codes(printed)), printed + errors
    assert "served" in printed
    for path in (tmp_path / "index").rglob("*"):
        assert not set('<>:"|?*') & set(path.name), path
        assert not PureWindowsPath(path.name).is_reserved(), path
