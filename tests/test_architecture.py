"""The walls between the wings, and what an import may cost."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WINGS = {"indexes": "corpus_tuner.indexes", "eval": "corpus_tuner.eval"}
SHARED = ("corpus_tuner.installing", "corpus_tuner.errors", "corpus_tuner.network")
"""Modules that `indexes` and `eval` may import: they import only each other."""


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("wing", WINGS)
def test_the_ground_floor_stands_by_itself(wing: str) -> None:
    files = list((ROOT / wing).rglob("*.py"))
    assert files
    for file in files:
        for name in imported(file):
            if name.partition(".")[0] == "corpus_tuner" and name not in SHARED:
                assert f"{name}.".startswith(f"{WINGS[wing]}."), f"{file} imports {name}"
    for module in SHARED:
        own = imported(ROOT.joinpath(*module.split(".")).with_suffix(".py"))
        assert not {name for name in own if name.startswith("corpus_tuner")} - {*SHARED}


def test_the_wings_are_imported_as_parts_of_the_package() -> None:
    for folder in ("corpus_tuner", "indexes", "eval", "tests", "benchmarks"):
        for file in (ROOT / folder).rglob("*.py"):
            roots = {name.partition(".")[0] for name in imported(file)}
            assert not roots & set(WINGS), file


def test_importing_and_asking_for_help_loads_nothing_heavy() -> None:
    program = (
        "import sys, corpus_tuner, corpus_tuner.cli\n"
        "heavy = {'torch', 'faiss', 'transformers', 'numpy', 'sentence_transformers'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_importing_changes_nothing_in_the_environment() -> None:
    program = (
        "import os\n"
        "before = dict(os.environ)\n"
        "import corpus_tuner.indexes.encoders.conversion, corpus_tuner.indexes.search.searcher\n"
        "assert dict(os.environ) == before"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_all_public_names_can_be_had() -> None:
    import corpus_tuner

    for name in corpus_tuner.__all__:
        assert getattr(corpus_tuner, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = corpus_tuner.nothing


def test_the_map_in_the_docs_leads_somewhere() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) > 20
    for row in rows[2:]:
        for path in re.findall(r"`((?:corpus_tuner|indexes|eval)/[^`]+)`", row):
            assert list(ROOT.glob(path.removesuffix("/"))), path
