"""A calibrated index, of which every test has a copy of its own."""

import shutil
from pathlib import Path

import pytest

from corpus_tuner import Recipe, build, load_recipe
from tests.conftest import make_documents_with_topics, write_jsonl


@pytest.fixture(scope="session")
def settings(encoder_folder: Path) -> Recipe:
    chosen = [f"encoder.name={encoder_folder}", "language=en", "generator=null"]
    return load_recipe(None, chosen)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, settings: Recipe) -> Path:
    """A folder with a corpus, ``c.jsonl``, and its index, ``i``."""
    folder = tmp_path_factory.mktemp("built")
    corpus = write_jsonl(folder / "c.jsonl", make_documents_with_topics(120))
    build(corpus, folder / "i", settings)
    return folder


@pytest.fixture
def index(tmp_path: Path, built: Path) -> Path:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return tmp_path / "i"
