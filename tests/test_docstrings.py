"""The examples in docstrings run as they stand, and the public names have some."""

import doctest
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import corpus_tuner
from corpus_tuner import build, load_recipe
from tests.conftest import write_jsonl

DOCUMENTS = [
    {"_id": "mill", "title": "The old mill", "text": "The old water mill grinds wheat. It stands."},
    {"_id": "court", "title": "Rent", "text": "A tenant pays the rent. A judge may lower it."},
    {"_id": "bread", "title": "Bread", "text": "Bread needs flour and yeast. The oven is hot."},
]
NEED_MORE = {"integrations", "client", "edge"}
"""Folders and files that import libraries which come with extras."""


def modules() -> list[str]:
    return [
        module.name
        for module in pkgutil.walk_packages(corpus_tuner.__path__, "corpus_tuner.")
        if not NEED_MORE & set(module.name.split(".")) and not module.name.endswith("__main__")
    ]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> dict[str, Any]:
    """What examples may use."""
    folder = tmp_path_factory.mktemp("examples")
    corpus = write_jsonl(folder / "corpus.jsonl", DOCUMENTS)
    chosen = [f"encoder.name={encoder_folder}", "language=en", "generator=null"]
    settings = load_recipe(None, chosen)
    build(corpus, folder / "index", settings)
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("q1\tmill\t1\n", encoding="utf-8")
    write_jsonl(folder / "queries.jsonl", [{"_id": "q1", "text": "grinding wheat"}])
    return {
        "example_benchmark": folder,
        "example_index": folder / "index",
        "example_corpus": corpus,
        "example_output": folder / "output",
        "example_results": folder / "results",
        "example_settings": settings,
    }


def examples_in(module: ModuleType) -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(module, module.__name__) if test.examples]


def test_examples_run(names: dict[str, Any]) -> None:
    count = 0
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for name in modules():
        module = importlib.import_module(name)
        for test in examples_in(module):
            test.globs.update(names)
            runner.run(test)
            count += 1
    assert runner.summarize(verbose=False).failed == 0
    assert count > 30


def test_every_public_name_has_an_example() -> None:
    without = [
        name
        for name in corpus_tuner.__all__
        if ">>>" not in (getattr(corpus_tuner, name).__doc__ or "")
    ]
    assert without == []
