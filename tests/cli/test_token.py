"""The command that makes access tokens."""

import json
import re
from pathlib import Path

from tests.cli.conftest import Run


def test_a_token_is_printed_once_and_stored_hashed(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "tokens.jsonl"
    outcome = run("token", file, "website", "--filter", "team=web")
    assert outcome.code == 0
    assert re.fullmatch(r"ct-[\w-]{43}\n", outcome.out)
    assert run("token", file, "indexer", "--write").code == 0
    first, second = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert (first["name"], first["rights"], first["filter"]) == ("website", ["read"], "team=web")
    assert second["rights"] == ["read", "write"]
    assert outcome.out.strip() not in file.read_text(encoding="utf-8")


def test_mistakes(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "tokens.jsonl"
    assert run("token", file, "a").code == 0
    for options, said in (
        (["a"], "has a token called 'a'"),
        (["b", "--filter", "year"], "is not like field=value"),
        (["b", "--filter", "year=1", "--write"], "only the right to read"),
        (["", "--filter", "year=1"], "name: String should have at least 1 character"),
    ):
        outcome = run("token", file, *options)
        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.err
    assert len(file.read_text(encoding="utf-8").splitlines()) == 1
