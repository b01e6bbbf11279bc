"""The examples and the code of the README run as they stand, on the sample corpus."""

import contextlib
import io
import json
import re
import runpy
import shutil
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
def folder(tmp_path_factory: pytest.TempPathFactory, sample_index: Path) -> Iterator[Path]:
    """A working directory of all examples, where their index is built already."""
    path = tmp_path_factory.mktemp("examples")
    shutil.copytree(sample_index, path / "my-index")
    (path / "sample-index").symlink_to("my-index")
    (path / "results").mkdir()
    (path / "sample-results").symlink_to("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.setenv("PYTHONPATH", str(ROOT))
        yield path


def run_file(path: Path) -> str:
    """Run a script; return what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(path), run_name="__main__")
    return printed.getvalue()


def test_every_script_is_tested() -> None:
    assert [script.stem for script in SCRIPTS] == list(PRINTED)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script(script: Path) -> None:
    assert PRINTED[script.stem] in run_file(script)


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
    assert len(run_file(script).splitlines()) >= 3
