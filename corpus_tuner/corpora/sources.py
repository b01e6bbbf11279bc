"""Tell the kinds of sources apart, by name and content."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from corpus_tuner.corpora import json_lines
from corpus_tuner.corpora.files import LeftOut
from corpus_tuner.corpora.parsed import ParsedFiles
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError, EvaluationError, MissingExtraError
from corpus_tuner.eval.encodings import open_text
from corpus_tuner.eval.records import BadRecord, Note, Record, open_bytes

Reader = Callable[[], Iterator[Record | BadRecord | LeftOut | Note]]
"""Opens a source anew and reads its records."""

_KINDS = (
    "a folder with corpus.jsonl (BEIR), a .jsonl, .csv or .tsv file (each may end in .gz), "
    "a .parquet file, a folder of documents (text, Markdown, HTML, PDF and others), "
    "ir_datasets:ID or hf:NAME"
)


@contextmanager
def _of_a_corpus() -> Iterator[None]:
    """Raise what goes wrong in a file that `corpus_tuner.eval` reads as an error of a corpus."""
    try:
        yield
    except EvaluationError as error:
        raise CorpusTunerError(str(error)) from error


def find_source(source: str, settings: CorpusSettings, parsed: ParsedFiles | None = None) -> Reader:
    """Return what reads `source`; where that is a folder, what was `parsed` before is not again.

    Raises
    ------
    CorpusTunerError
        If it is not there, of no known kind, or needs an extra that is missing; when it is read, if
        it is damaged.
    """
    with _of_a_corpus():
        reader = _find(source, settings, parsed)

    def read() -> Iterator[Record | BadRecord | LeftOut | Note]:
        with _of_a_corpus():
            yield from reader()

    return read


def _find(source: str, settings: CorpusSettings, parsed: ParsedFiles | None) -> Reader:
    if source.startswith("ir_datasets:"):
        from corpus_tuner.corpora import catalogue

        return partial(catalogue.read, source.removeprefix("ir_datasets:"))
    if source.startswith("hf:"):
        from corpus_tuner.corpora import hub

        return partial(hub.read, source.removeprefix("hf:"), settings.split)
    path = Path(source)
    if path.is_dir():
        return _find_in_folder(path, settings, parsed)
    if not path.is_file():
        raise CorpusTunerError(f"there is no corpus at {source}: give {_KINDS}")
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix in (".csv", ".tsv"):
        from corpus_tuner.corpora import table

        return partial(table.read, path, settings.delimiter, settings.encoding)
    if suffix == ".parquet":
        try:
            from corpus_tuner.corpora import parquet
        except ImportError:
            raise MissingExtraError("a .parquet file", "parquet") from None
        return partial(parquet.read, path)
    with open_text(path, settings.encoding) as text:
        start = text.read(4096).lstrip()
    if suffix in (".jsonl", ".ndjson") or start.startswith("{"):
        return partial(json_lines.read, path, settings.encoding)
    if start.startswith("["):
        raise CorpusTunerError(
            f"{path} is one JSON array: turn it into one object a line, e.g. jq -c '.[]'"
        )
    raise CorpusTunerError(f"{path} is of no known kind: give {_KINDS}")


@_of_a_corpus()
def count_records(source: str, settings: CorpusSettings) -> int | None:
    """Return about how many records a source on disk has; `None` where only reading tells."""
    path = Path(source)
    if path.is_dir():
        inner = _beir_file(path)
        if inner is None:
            from corpus_tuner.corpora import folder
            from corpus_tuner.corpora.files import Found

            return sum(isinstance(file, Found) for file in folder.files(path, settings))
        path = inner
    if not path.is_file() or path.suffix == ".parquet":
        return None
    with open_bytes(path) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _beir_file(folder: Path) -> Path | None:
    files = (folder / "corpus.jsonl", folder / "corpus.jsonl.gz")
    return next((file for file in files if file.is_file()), None)


def _find_in_folder(path: Path, settings: CorpusSettings, parsed: ParsedFiles | None) -> Reader:
    if inner := _beir_file(path):
        return partial(json_lines.read, inner, settings.encoding)
    from corpus_tuner.corpora import folder
    from corpus_tuner.corpora.formats import suffixes

    if not folder.open_readers(path, settings):
        known = ", ".join(sorted(suffixes()))
        patterns = " that the patterns let through" if settings.include or settings.exclude else ""
        raise CorpusTunerError(
            f"{path} has neither a corpus.jsonl nor files{patterns} of a kind that can be read "
            f"({known}); a table or a file of JSON lines in it is a corpus by itself: give {_KINDS}"
        )
    return partial(folder.read, path, settings, parsed)
