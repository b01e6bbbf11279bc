"""The walls between the wings, and what an import may cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {"indexes": {"eval", "corpus_tuner"}, "eval": {"indexes", "corpus_tuner"}}


def imported(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("wing", FORBIDDEN)
def test_the_ground_floor_stands_by_itself(wing: str) -> None:
    files = list((ROOT / wing).rglob("*.py"))
    assert files
    for file in files:
        assert not imported(file) & FORBIDDEN[wing], file


def test_importing_and_asking_for_help_loads_nothing_heavy() -> None:
    program = (
        "import sys, corpus_tuner, corpus_tuner.cli\n"
        "heavy = {'torch', 'faiss', 'transformers', 'numpy', 'sentence_transformers'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_all_public_names_can_be_had() -> None:
    import corpus_tuner

    for name in corpus_tuner.__all__:
        assert getattr(corpus_tuner, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = corpus_tuner.nothing
