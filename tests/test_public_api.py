"""What callers from Python see: names, parameters, short texts, and messages in their words."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import corpus_tuner as ct
from corpus_tuner.core import progress
from corpus_tuner.corpora import CorpusSettings
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl

SETTINGS = {"generator": None, "calibrate": False, "language": "en", "views": {"sentences": 0}}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path) -> Path:
    folder = tmp_path_factory.mktemp("api")
    records: list[dict[str, Any]] = [dict(record) for record in make_documents(300)]
    for number, record in enumerate(records):
        record["folder"] = ("de", "en/us")[number % 2]
    corpus = write_jsonl(folder / "corpus.jsonl", records)
    ct.build(corpus, folder / "index", SETTINGS, encoder=str(encoder_folder), progress=False)
    ct.remove(folder / "index", ["d3"])
    return folder / "index"


@pytest.fixture
def searcher(index: Path) -> Iterator[ct.Searcher]:
    with ct.Searcher.open(index) as opened:
        yield opened


def test_dir_shows_the_public_names_alone(searcher: ct.Searcher) -> None:
    names = [name for name in dir(ct) if not name.startswith("__")]
    assert names == sorted(ct.__all__)


@pytest.mark.parametrize("name", ["top_k", "limit", "min_score"])
def test_an_unknown_parameter_is_answered_with_those_there_are(
    searcher: ct.Searcher, name: str
) -> None:
    for method in (searcher.search, searcher.rank):
        call: Any = method
        with pytest.raises(TypeError, match=rf"{name!r}: it has queries, k, mode, settings"):
            call(["mill"], **{name: 3})


def test_a_filter_is_a_text_or_a_dictionary(searcher: ct.Searcher) -> None:
    for text, filter in (
        ("folder=de", {"folder": "de"}),
        ("folder=en* AND id!=d7", {"folder": {"prefix": "en"}, "id": {"ne": "d7"}}),
    ):
        hits = searcher.search("old mill", 20, filter=text)
        assert hits == searcher.search("old mill", 20, filter=filter)
        assert len(hits) == 20
        (ranking,) = searcher.rank(["old mill"], 20, filter=text)
        assert ranking == [(hit.document.id, hit.score) for hit in hits]
    with pytest.raises(ct.SearchIndexError, match="is not like field=value"):
        searcher.search("mill", filter="folder")
    with pytest.raises(ct.SearchIndexError, match="no document has the field 'foldr'"):
        searcher.search("mill", filter="foldr=de")


def test_an_index_is_a_collection_of_documents(searcher: ct.Searcher) -> None:
    assert len(searcher) == 299
    documents = searcher.read_documents()
    assert next(documents).id == "d0"
    assert [document.id for document in documents] == [f"d{n}" for n in range(1, 300) if n != 3]
    found = searcher.get("d7")
    assert found is not None
    assert found.metadata == {"folder": "en/us"}
    assert searcher.get("d3") is None
    assert searcher.get("nowhere") is None


def test_objects_have_short_texts(searcher: ct.Searcher, index: Path) -> None:
    assert repr(searcher) == f"Searcher({str(index)!r}, 299 documents)"
    (hit, *_) = hits = searcher.search("old mill", 2)
    document = hit.document
    assert re.fullmatch(rf"Hit\(1, '{document.id}', '.*', score=-?\d+\.\d+\)", repr(hit))
    length = len(document.text)
    assert repr(document) == f"Document({document.id!r}, {document.title!r}, {length} characters)"
    assert len(repr(ct.Document("d", "long " * 100, "text " * 1_000))) < 100
    assert isinstance(hits, list)
    html = hits._repr_html_()
    assert html.count("<tr>") == 3
    assert document.id in html


def test_tables_in_notebooks_escape_texts(tmp_path: Path, encoder: Any) -> None:
    documents = [ct.Document("<b>", "<script>", "the <mill> " * 100)]
    report = ct.build(documents, tmp_path / "i<b>", SETTINGS, encoder=encoder)
    with ct.Searcher.open(tmp_path / "i<b>", encoder=encoder) as searcher:
        tables = [searcher.search("mill")._repr_html_(), report._repr_html_()]
    for table in tables:
        assert not {*re.findall(r"<(\w+)", table)} - {"table", "thead", "tbody", "tr", "th", "td"}
    assert "&lt;script&gt;" in tables[0]
    assert len(tables[0]) < 1_000
    assert repr(report) == f"BuildReport({str(tmp_path / 'i<b>')!r}, 1 document, en)"


def test_an_evaluation_is_shown_as_a_table(tmp_path: Path, encoder_folder: Path) -> None:
    write_jsonl(tmp_path / "corpus.jsonl", make_documents(5))
    write_jsonl(tmp_path / "queries.jsonl", [{"_id": "q", "text": "the old mill"}])
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("q\td1\t1\n", encoding="utf-8")
    done = ct.evaluate(
        [str(tmp_path)], tmp_path / "out", SETTINGS, encoder=str(encoder_folder), progress=False
    )
    assert repr(done).startswith(f"Report({len(done.results)} results of ")
    assert done._repr_html_().count("<tr>") == 1 + len(done.results)
    assert re.fullmatch(r"Result\('.*', 'bm25', nDCG@10=\d\.\d+\)", repr(done.results[0]))


def test_progress_is_shown_where_somebody_sees_it(
    index: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal, unless it is not wanted; a script without one says nothing."""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.001)
    mode = progress._mode.set("bars")
    try:
        ct.calibrate(index)
        assert capsys.readouterr().err == ""
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        monkeypatch.setattr(progress, "_console", Console(stderr=True))
        document = ct.Document("d0", "", "The old mill.")
        for wanted in (False, True):
            ct.calibrate(index, progress=wanted)
            assert ("calibrating" in capsys.readouterr().err) is wanted
            ct.add(index, [document], progress=wanted)
            document = ct.Document("d0", "", "The new mill.")
            assert ("\u2501" in capsys.readouterr().err) is wanted
    finally:
        progress._mode.reset(mode)


def test_messages_name_arguments_in_python_and_options_on_the_command_line(
    tmp_path: Path, run: Run
) -> None:
    bad = write_jsonl(tmp_path / "bad.jsonl", [{"_id": "a", "text": 3}])
    unnamed = write_jsonl(tmp_path / "unnamed.jsonl", [{"_id": "a", "words": "b"}])
    for corpus, argument, option in (
        (bad, "recipe={'corpus': {'on_bad_record': 'skip'}}", "--set corpus.on_bad_record=skip"),
        (unnamed, "recipe={'corpus': {'text': '...'}}", "--set corpus.text=..."),
    ):
        with pytest.raises(ct.CorpusTunerError) as caught:
            list(ct.Corpus(corpus, CorpusSettings()))
        assert argument in str(caught.value)
        assert "--" not in str(caught.value)
        error = " ".join(run("build", corpus, "-o", tmp_path / "i").err.split())
        assert option in error
        assert "recipe=" not in error
    with pytest.raises(ct.CorpusTunerError, match=r"^assignments, 'x': write it as"):
        ct.load_recipe(None, ["x"])
    assert "--set x: write it as" in run("build", bad, "-o", "i", "--set", "x").err
