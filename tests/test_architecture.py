"""The order of the folders, and what an import may cost."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


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
        "import corpus_tuner.encoders.ctranslate2_runtime, corpus_tuner.indexes.searcher\n"
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
