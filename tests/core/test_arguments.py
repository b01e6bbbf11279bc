"""What the Python API says of arguments that do not fit: an error of ours that names them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import corpus_tuner as ct

DOCUMENTS = [{"id": "mill", "text": "A mill by the river."}, {"id": "b", "text": "Bread and salt."}]
OURS = (ct.CorpusTunerError, ct.SearchIndexError)
Anything: Any = ct  # untyped, since what is tried is what type checkers refuse


@pytest.fixture(scope="module")
def recipe(encoder_folder: Path) -> dict[str, Any]:
    return {
        "encoder": {"name": str(encoder_folder)},
        "language": "en",
        "generator": None,
        "calibrate": False,
    }


def test_a_dictionary_of_settings_is_settings(tmp_path: Path, recipe: dict[str, Any]) -> None:
    some = ct.build(
        (ct.Document(one["id"], one["title"], one["text"]) for one in titled()),
        tmp_path / "index",
        recipe,
    )
    assert (some.documents, some.language) == (2, "en")
    same = ct.build(DOCUMENTS, tmp_path / "index", ct.Recipe(**recipe))
    assert same.changes is not None
    assert same.changes.unchanged == 2


def titled() -> list[dict[str, str]]:
    return [{**one, "title": ""} for one in DOCUMENTS]


def test_settings_need_no_arguments() -> None:
    assert ct.Recipe() == ct.load_recipe()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: Anything.Recipe(langauge="de"), "langauge: there is no such setting"),
        (
            lambda: Anything.Recipe(search={"candidates": -1}),
            r"search\.candidates: .*greater than 0",
        ),
        (lambda: Anything.Recipe(generator="nobody"), "generator: no generator is called"),
        (lambda: Anything.SearchSettings(fusion="magic"), "fusion: "),
        (lambda: Anything.SearchSettings(hybrid={"words": "many"}), r"hybrid\.words: "),
        (lambda: Anything.build(DOCUMENTS, "never", {"langauge": "de"}), "'language'"),
        (lambda: Anything.build(DOCUMENTS, "never", {"views": {"title": "x"}}), r"views\.title"),
        (lambda: Anything.build(DOCUMENTS, "never", "default"), "recipe: .*'default' .str"),
        (lambda: Anything.build(DOCUMENTS, 3), r"output: give a path, .*not 3 \(int\)"),
        (lambda: Anything.build(DOCUMENTS[0], "never"), "source: .*list of documents"),
        (lambda: Anything.build(3, "never"), "source: "),
        (lambda: Anything.build(None, "never"), "source: "),
        (lambda: Anything.Searcher.open(None), "path: "),
        (lambda: Anything.add(None, DOCUMENTS), "index: "),
        (lambda: Anything.remove(3, ["mill"]), "index: "),
        (lambda: Anything.merge(3), "index: "),
        (lambda: Anything.check(3), "index: "),
        (lambda: Anything.repair(3), "index: "),
        (lambda: Anything.calibrate(3), "index: "),
        (lambda: Anything.export_index("never", 3), "file: "),
        (lambda: Anything.import_index(3, "never"), "file: "),
    ],
)
def test_arguments_are_named(
    call: Callable[[], object], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OURS, match=named):
        call()
    assert [*tmp_path.iterdir()] == []


def test_documents_that_are_none_are_named(tmp_path: Path, recipe: dict[str, Any]) -> None:
    with pytest.raises(OURS, match="document 2: no document"):
        Anything.build([DOCUMENTS[0], 3], tmp_path / "index", recipe)
    with pytest.raises(OURS, match=r"document 1, field .text.: not text"):
        ct.build([{"id": "a", "text": 3}], tmp_path / "index", recipe)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((3,), r"queries: .*not 3 \(int\)"),
        ((["mill", None],), "queries: number 2"),
        (("mill", "5"), "k must be"),
        (("mill", 2.5), "k must be"),
        (("mill", 3, {"settings": {"candidates": 3}}), "settings: give SearchSettings"),
        (("mill", 3, {"filter": ["year"]}), "filter"),
        (("mill", 3, {"mode": 7}), "mode 7"),
    ],
)
def test_arguments_of_a_search_are_named(
    tmp_path: Path, recipe: dict[str, Any], arguments: tuple[Any, ...], named: str
) -> None:
    ct.build(DOCUMENTS, tmp_path / "index", recipe)
    with ct.Searcher.open(tmp_path / "index") as searcher:
        search: Any = searcher.search
        *given, options = arguments if isinstance(arguments[-1], dict) else (*arguments, {})
        with pytest.raises(ct.SearchIndexError, match=named):
            search(*given, **options)
