"""Parts that another package brings, as docs/guide/plugins.md has it."""

import re
from pathlib import Path

import pytest

import corpus_tuner as ct
from tests.cli.conftest import Run
from tests.conftest import write_jsonl

DOCS = Path(__file__).parents[2] / "docs" / "guide" / "plugins.md"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the package of the documentation, as pip would, with a check in it."""
    text = DOCS.read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (points,) = re.findall(
        r'```toml\n\[project\.entry-points\."(.*?)"\]\n(.*?)```', text, re.DOTALL
    )
    group, named = points
    site = tmp_path / "site"
    about = site / "who_asks-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Name: who-asks\nVersion: 1\n", encoding="utf-8")
    lines = f"[{group}]\n{named.replace(chr(34), '')}\n[corpus_tuner.checks]\nno_anna = no_anna\n"
    (about / "entry_points.txt").write_text(lines, encoding="utf-8")
    (site / "who_asks.py").write_text(code, encoding="utf-8")
    (site / "no_anna.py").write_text(
        "from typing import Literal\n"
        "from corpus_tuner.generation.checks import ACCEPTED, Verdict\n"
        "from corpus_tuner.core.registry import PluginSettings\n"
        "class Settings(PluginSettings):\n"
        "    name: Literal['no_anna'] = 'no_anna'\n"
        "class Check:\n"
        "    def __init__(self, settings, encoder): pass\n"
        "    def judge(self, candidates):\n"
        "        return [Verdict('Anna') if 'Anna' in one.view.text else ACCEPTED\n"
        "                for one in candidates]\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(site)


@pytest.mark.usefixtures("installed")
def test_parts_of_another_package(tmp_path: Path, run: Run, small: list[str]) -> None:
    text = "Yesterday Anna met Otto and Marie by the river, and Paul was there."
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"_id": "a", "text": text}])
    index = tmp_path / "index"
    chosen = ("--set", "generator=who", "--set", "checks=[no_anna]")
    built = run("build", corpus, "-o", index, *small[:2], *small[4:], *chosen)
    assert built.code == 0, built.err
    assert "2 question" in built.out
    assert "checks rejected 1 of 3" in built.out
    assert "no_anna: Anna" in built.out
    with ct.Searcher.open(index) as searcher:
        found = searcher.read_document("a")
    assert found
    asked = [view.text for view in found[1] if view.kind == "question"]
    assert asked == ["Who is Otto?", "Who is Marie?"]
    assert "who 1 3" in run("info", index).out
    fewer = ("--set", "generator={name: who, most: 1}")
    assert "question" not in run("build", corpus, "-o", index, *small, *chosen[2:], *fewer).out


def test_what_there_is_not(tmp_path: Path, run: Run, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"_id": "a", "text": "A mill."}])
    for name in ("who", "os", "os:path"):
        failed = run(
            "build", corpus, "-o", tmp_path / "index", *small, "--set", f"generator={name}"
        )
        assert failed.code == 2
        assert f"no generator is called '{name}'; there are: causal, " in failed.err
