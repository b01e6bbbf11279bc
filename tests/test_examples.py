"""The examples and the code of the README run as they stand, on the sample corpus."""

import contextlib
import io
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
PRINTED = {
    "build_and_search": "Moths in flour and muesli",
    "evaluate_own_queries": "hybrid",
    "filters_and_rag": "[1] Living with type 2 diabetes",
    "serve_and_query": "Moths in flour and muesli",
    "weights_and_calibration": "pseudo-queries: passage=",
}
"""A text that each script prints."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory that all examples share, and so one index."""
    path = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        yield path


def test_every_script_is_tested() -> None:
    assert [script.stem for script in SCRIPTS] == list(PRINTED)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script(script: Path, folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, script], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert PRINTED[script.stem] in done.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_notebook() -> None:
    notebook = json.loads((ROOT / "examples" / "quickstart.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert not any(cell.get("outputs") for cell in notebook["cells"])
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for cell in cells:
            exec(cell, names)
    assert "diabetes" in printed.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/guide/quickstart.md", "docs/guide/rag.md"])
def test_python_of_pages(page: str, folder: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    code = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)[0]
    script = folder / "page.py"
    script.write_text(code, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(script))
    assert len(printed.getvalue().splitlines()) >= 3
