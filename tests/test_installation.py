"""Installed without harm: whatever a folder holds, the package finds its own parts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import corpus_tuner as ct
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.indexes.search.fusion import normalize_scores
assert ct.Searcher and ct.evaluate and ct.build
print("all there")
"""
PYTEST = f"def test_it():\n{''.join(f'    {line}' for line in SCRIPT.splitlines(True))}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A research project with files of its own of these names."""
    (tmp_path / "indexes.py").write_text("raise SystemExit('a foreign indexes.py')")
    (tmp_path / "eval.py").write_text("raise SystemExit('a foreign eval.py')")
    package = tmp_path / "as a package"
    (package / "eval").mkdir(parents=True)
    (package / "eval" / "__init__.py").write_text("raise SystemExit('a foreign eval/')")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "arguments", "shown"),
    [
        ("", ["-m", "corpus_tuner", "--version"], "corpus-tuner "),
        ("", ["script.py"], "all there"),
        # As a cell of a notebook: the folder itself comes first.
        ("as a package", ["-c", SCRIPT], "all there"),
        ("as a package", ["-m", "pytest", "-p", "no:cacheprovider", "test_script.py"], "1 passed"),
    ],
)
def test_a_folder_with_files_of_the_same_names(
    folder: Path, where: str, arguments: list[str], shown: str
) -> None:
    here = folder / where
    (here / "script.py").write_text(SCRIPT)
    (here / "test_script.py").write_text(PYTEST)
    command = [sys.executable, *arguments]
    # Plugins of pytest are not the point, and those that happen to be installed take seconds;
    # options of the surrounding run may belong to such a plugin.
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout


@pytest.mark.slow
def test_the_command_in_such_a_folder(folder: Path) -> None:
    command = Path(sys.executable).with_name("corpus-tuner")
    if not command.exists():
        pytest.skip("the package is not installed beside this Python")
    done = subprocess.run([command, "eval", "--list"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "scifact" in done.stdout
