"""Tell the kinds of sources apart, by name and content."""

from functools import partial
from pathlib import Path

from corpus_tuner.core.encodings import open_text
from corpus_tuner.core.records import open_bytes
from corpus_tuner.corpora.parse_cache import ParseCache
from corpus_tuner.corpora.record_files import (
    JSON_LINES,
    SUFFIXES,
    TABLES,
    Source,
    errors_of_a_corpus,
    find_records,
    suffix_of,
)
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.errors import CorpusTunerError

_KINDS = (
    "a folder with corpus.jsonl (BEIR), a .jsonl, .json, .csv or .tsv file (each may end in .gz), "
    "a .xlsx or .parquet file, a folder of documents (text, Markdown, HTML, PDF and others) or one "
    "of them, ir_datasets:ID or hf:NAME"
)


@errors_of_a_corpus()
def find_source(source: str, settings: CorpusSettings, parsed: ParseCache | None = None) -> Source:
    """Return what reads `source`; where that is a folder, what was `parsed` before is not again.

    Raises
    ------
    CorpusTunerError
        If it is not there, of no known kind, or needs an extra that is missing; when it is read, if
        it is damaged.
    """
    if source.startswith("ir_datasets:"):
        from corpus_tuner.corpora import ir_datasets_source

        return Source(
            partial(ir_datasets_source.read, source.removeprefix("ir_datasets:")), ids="first"
        )
    if source.startswith("hf:"):
        from corpus_tuner.corpora import hugging_face

        name = source.removeprefix("hf:")
        return Source(partial(hugging_face.read, name, settings.split), ids="first")
    path = Path(source)
    if path.is_dir():
        return _find_in_folder(path, settings, parsed)
    if not path.is_file():
        if path.exists():
            raise CorpusTunerError(
                f"{source} is a pipe or device, and a corpus is read more than once: write it to a "
                "file first"
            )
        raise CorpusTunerError(f"there is no corpus at {source}: give {_KINDS}")
    from corpus_tuner.corpora import folder

    file = folder.file_of(path, settings)
    if suffix_of(path.name) and not file.as_text:
        return find_records(path, settings)
    if folder.is_known(file):
        folder.open_reader(file, settings)
        return Source(partial(folder.read_file, path.parent, file, settings, parsed))
    with open_text(path, settings.encoding) as text:
        start = text.read(4096).lstrip()
    if start.startswith(("{", "[")):
        return find_records(path, settings, suffix=".json")
    raise CorpusTunerError(f"{path} is of no known kind: give {_KINDS}")


@errors_of_a_corpus()
def count_records(source: str, settings: CorpusSettings) -> int | None:
    """Return about how many records a source on disk has; `None` where only reading tells."""
    path = Path(source)
    if path.is_dir():
        inner = _beir_file(path)
        if inner is None:
            from corpus_tuner.corpora import folder
            from corpus_tuner.corpora.folder_files import Found

            return sum(isinstance(file, Found) for file in folder.files(path, settings))
        path = inner
    if suffix_of(path.name) not in (*TABLES, *JSON_LINES) or not path.is_file():
        return None
    with open_bytes(path) as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _beir_file(folder: Path) -> Path | None:
    files = (folder / "corpus.jsonl", folder / "corpus.jsonl.gz")
    return next((file for file in files if file.is_file()), None)


def _find_in_folder(path: Path, settings: CorpusSettings, parsed: ParseCache | None) -> Source:
    if inner := _beir_file(path):
        return find_records(inner, settings)
    from corpus_tuner.corpora import folder
    from corpus_tuner.corpora.formats import suffixes

    if not folder.open_readers(path, settings):
        known = ", ".join(sorted({*suffixes(), *SUFFIXES}))
        patterns = " that the patterns let through" if settings.include or settings.exclude else ""
        raise CorpusTunerError(
            f"{path} has neither a corpus.jsonl nor files{patterns} of a kind that can be read "
            f"({known}), or that corpus.as_text names: give {_KINDS}"
        )
    return Source(partial(folder.read, path, settings, parsed), skips=True)
