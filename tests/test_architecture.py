"""The order of the folders, and what an import may cost."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "corpus_tuner"
ORDER = (
    "core",
    "encoders",
    "rerankers",
    "text",
    "corpora",
    "indexes",
    "config",
    "generation",
    "calibration",
    "building",
    "tuning",
    "eval",
    "server",
    "judging",
    "integrations",
    "cli",
)
"""Folders of the package: each imports only those before it. `errors.py` comes before all."""


def modules() -> dict[str, Path]:
    """Return the files of the package by their dotted names."""
    named = {}
    for file in PACKAGE.rglob("*.py"):
        parts = file.relative_to(ROOT).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return named


def folder_imports() -> dict[Path, dict[Path, set[str]]]:
    """Return for every folder the folders it imports, and by which files, relative to PACKAGE.

    Imports inside functions count as others do.
    """
    known = modules()
    found: dict[Path, dict[Path, set[str]]] = {}
    for name, file in known.items():
        folder = file.parent.relative_to(PACKAGE)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{file} has a relative import"
                inside = [f"{node.module}.{alias.name}" for alias in node.names]
                imported = [one if one in known else str(node.module) for one in inside]
            else:
                continue
            for one in imported:
                if one in known and one not in ("corpus_tuner", "corpus_tuner.errors", name):
                    other = known[one].parent.relative_to(PACKAGE)
                    if other != folder:
                        found.setdefault(folder, {}).setdefault(other, set()).add(name)
    return found


def test_folders_import_only_those_before_them() -> None:
    upward = [
        f"{file} imports {other}"
        for folder, others in folder_imports().items()
        for other, files in others.items()
        for file in files
        if folder.parts
        and other.parts[0] != folder.parts[0]
        and ORDER.index(other.parts[0]) > ORDER.index(folder.parts[0])
    ]
    assert upward == []


def test_every_folder_has_a_place_in_the_order() -> None:
    folders = {file.parent.relative_to(PACKAGE).parts[:1] for file in modules().values()}
    assert folders == {(), *((name,) for name in ORDER)}


def test_no_folders_import_each_other_in_a_circle() -> None:
    pending = {folder: set(others) for folder, others in folder_imports().items()}
    while free := {folder for folder in pending if not pending[folder] & pending.keys()}:
        pending = {folder: others for folder, others in pending.items() if folder not in free}
    assert pending == {}


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


def test_the_docs_have_a_heading_for_each_folder() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    headings = re.findall(r"^##+ `(.+)/`: .+\?$", text, re.M)
    folders = {file.parent.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py")}
    folders -= {".", "corpora/formats", "corpora/sample", "indexes/vectors/engines"}
    assert sorted(headings) == sorted(folders)
    assert text.count("- Useful for: ") == text.count("- Not useful for: ")
    for path in re.findall(r"`((?:\w+/)+\w*(?:\.\w+)?)`", text):
        assert list(PACKAGE.glob(path.removesuffix("/"))) or (ROOT / path).exists(), path
