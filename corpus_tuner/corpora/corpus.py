"""One interface to every source: checked documents, one after the other, every id once."""

import heapq
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from corpus_tuner.corpora import memory
from corpus_tuner.corpora.files import LeftOut
from corpus_tuner.corpora.memory import Documents
from corpus_tuner.corpora.metadata import UnfitError, plain
from corpus_tuner.corpora.parsed import ParsedFiles
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.corpora.sources import Reader, count_records, find_source
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.records import BadRecord, Record, kind_of
from corpus_tuner.indexes.arguments import is_utf8
from corpus_tuner.indexes.chunks import chunks
from corpus_tuner.indexes.store.documents import Document, digest_of

MAX_ID_CHARACTERS = 512
MOST_FAILURES = 20
"""So many bad records are named before reading stops."""
IN_MEMORY = "documents in memory"
"""What an index says of a corpus that is nowhere else."""
_USUAL_FIELDS = {
    "id": ("_id", "id", "doc_id", "docid"),
    "title": ("title", "titel"),
    "text": ("text", "body", "contents", "content"),
}
# All control characters but white space. Those from 0x80 to 0x9f are left alone: in texts that
# went through a wrong conversion they are common, and encoders drop them.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
# Where a word may be broken, or not: soft hyphen, zero width space, word joiner, byte order mark.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]+")
_MISSING = object()
_NOT_UTF8 = ("not UTF-8", "or half of a surrogate pair; convert the file to UTF-8")


class Corpus:
    """Documents of one source; iterate over it as often as needed, every time from the start.

    Parameters
    ----------
    source
        A BEIR folder, a ``.jsonl``, ``.csv`` or ``.tsv`` file (all may be gzipped), a folder of
        documents (text, Markdown, HTML, PDF and others), ``ir_datasets:ID`` or ``hf:NAME``; or
        documents, of which an iterator is read into memory.
    settings
        How to read it.
    parsed
        What was read of files before, and takes what is read now; whoever gives it closes it.

    Attributes
    ----------
    source
        As given; what stands for documents in memory.
    skipped
        After an iteration: how many records and files were left out or mended, by reason.
    examples
        After an iteration: for every reason, the first of them.

    Raises
    ------
    CorpusTunerError
        If there is no such source or it is of no known kind.

    Examples
    --------
    >>> import corpus_tuner as ct
    >>> [document.title for document in ct.Corpus(str(example_corpus))]
    ['The old mill', 'Rent', 'Bread']
    """

    def __init__(
        self,
        source: str | Path | Documents,
        settings: CorpusSettings | None = None,
        parsed: ParsedFiles | None = None,
    ) -> None:
        self.skipped: Counter[str] = Counter()
        self.examples: dict[str, BadRecord | LeftOut] = {}
        self._failures: list[tuple[str, str]] = []
        self._settings = settings or CorpusSettings()
        self._open: Reader
        if isinstance(source, str | Path):
            self.source, self._size = str(source), None
            self._open = find_source(self.source, self._settings, parsed)
        else:
            source = memory.documents_of(source)
            self.source, self._size = IN_MEMORY, len(source)
            self._open = partial(memory.read, source)

    def __iter__(self) -> Iterator[Document]:
        """Yield the documents in the order of the source.

        Raises
        ------
        CorpusTunerError
            At bad records or further uses of an id, unless these are to be skipped: all of them, up
            to `MOST_FAILURES`; and if the source cannot be read to its end.
        """
        self.skipped, self.examples = Counter(), {}
        self._failures = []
        yield from (document for document in self._checked() if not self._failures)
        if self._failures:
            self._fail()

    def _checked(self) -> Iterator[Document]:
        with closing(_Locations()) as locations:
            for record in self._records():
                if isinstance(record, LeftOut):
                    self._count(record.reason, record)
                    continue
                if isinstance(record, BadRecord):
                    self._reject(record)
                    continue
                document = self._document(record)
                if document is None:
                    continue
                first = locations.of(document.id, record.location)
                if first is None:
                    yield document
                else:
                    detail = f"{document.id!r}, first at {first}"
                    self._reject(BadRecord(record.location, "id", "duplicate id", detail))

    def _records(self) -> Iterator[Record | BadRecord | LeftOut]:
        """Read the source: to its end, unless there is enough to complain of."""
        try:
            for record in self._open():
                yield record
                if len(self._failures) == MOST_FAILURES:
                    return
        except CorpusTunerError as error:
            if not self._failures:
                raise
            self._failures.append(("", f"{error}."))

    def count(self) -> int | None:
        """Return about how many documents there are; ``None`` where only reading tells."""
        return self._size if self._size is not None else count_records(self.source, self._settings)

    def sample(self, size: int) -> list[Document]:
        """Return some documents, chosen by their contents: in any order it gives the same ones."""
        drawn = ((digest_of(document), document) for document in self)
        chosen = heapq.nsmallest(size, drawn, key=lambda pair: pair[0])
        return [document for _, document in chosen]

    def chunks(self, size: int) -> Iterator[list[Document]]:
        """Yield the documents in lists of so many; errors raised are those of iteration."""
        return chunks(self, size)

    def _document(self, record: Record) -> Document | None:
        """Check a record; `None` if it is to be left out."""
        fields = dict(record.fields)
        names = {role: self._field(role, fields) for role in _USUAL_FIELDS}
        values: dict[str, str] = {}
        for role, name in names.items():
            value = fields.pop(name, _MISSING)
            if role == "id" and isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            if role == "title" and value in (_MISSING, None):
                value = ""
            if value is _MISSING:
                there = ", ".join(map(repr, list(record.fields)[:12])) or "nothing"
                lacking = (one for one in ("id", "text") if names[one] not in record.fields)
                needed = " ".join(f"--set corpus.{one}=..." for one in lacking)
                detail = f"it has {there}; name what it is called with {needed}"
                self._reject(BadRecord(record.location, name, "missing", detail))
                return None
            if problem := self._problem(role, value):
                self._reject(BadRecord(record.location, name, *problem))
                return None
            if control := _CONTROL.search(value):
                detail = f"U+{ord(control[0]):04X}"
                self._reject(
                    BadRecord(record.location, name, "control characters", detail),
                    remedy="put spaces in their place",
                )
                value = _CONTROL.sub(" ", value)
            values[role] = value if role == "id" else _INVISIBLE.sub("", value)
        if not values["title"].strip() and not values["text"].strip():
            self._reject(BadRecord(record.location, names["text"], "empty, and there is no title"))
            return None
        nested = fields.pop("metadata", None)
        if isinstance(nested, Mapping):
            fields.update(nested)
        try:
            metadata = plain(fields)
        except UnfitError as error:
            self._reject(BadRecord(record.location, "metadata", error.reason, error.detail))
            return None
        return Document(values["id"], values["title"].strip(), values["text"].strip(), metadata)

    def _field(self, role: str, fields: Mapping[str, Any]) -> str:
        chosen: str | None = getattr(self._settings, role)
        usual = _USUAL_FIELDS[role]
        known = {name.lower(): name for name in reversed(list(fields)) if isinstance(name, str)}
        return chosen or next((known[name] for name in usual if name in known), usual[0])

    def _problem(self, role: str, value: object) -> tuple[str, str] | None:
        """Say what is wrong with a value: a reason and a detail."""
        if not isinstance(value, str):
            return "not text", kind_of(value)
        if not is_utf8(value):
            return _NOT_UTF8
        if role != "id":
            if len(value) > self._settings.max_characters:
                allowed = f"corpus.max_characters is {self._settings.max_characters}"
                return "too long", f"{len(value)} characters; {allowed}"
            return None
        if not value.strip():
            return "empty", ""
        if _CONTROL.search(value) or value != " ".join(value.split()):
            return "not fit for an id", "line breaks, double or outer spaces, control characters"
        if len(value) > MAX_ID_CHARACTERS:
            return "too long", f"{len(value)} characters; {MAX_ID_CHARACTERS} is the most"
        return None

    def _reject(self, bad: BadRecord, remedy: str = "leave such records out") -> None:
        if self._settings.on_bad_record == "fail":
            what = str(bad).removeprefix(bad.location)
            advice = f"{what}. Mend it, or {remedy} with --on-bad-record skip"
            self._failures.append((bad.location, advice))
            return
        self._count(f"{bad.field}: {bad.reason}" if bad.field else bad.reason, bad)

    def _fail(self) -> NoReturn:
        """Complain of all bad records at once, with what to do about every one."""
        failures: dict[str, list[str]] = {}
        for location, what in self._failures:
            failures.setdefault(what, []).append(location)
        lines = [
            f"{locations[0]}{f' and {len(locations) - 1:,} more' * (len(locations) > 1)}{what}"
            for what, locations in failures.items()
        ]
        count = len(self._failures)
        if count == 1:
            raise CorpusTunerError(lines[0])
        more = ", and there may be more" if count == MOST_FAILURES else ""
        raise CorpusTunerError("\n  ".join([f"{count} records cannot be used{more}:", *lines]))

    def _count(self, reason: str, example: BadRecord | LeftOut) -> None:
        self.skipped[reason] += 1
        self.examples.setdefault(reason, example)


class _Locations:
    """Where every id was first seen, on disk so that memory does not grow with the corpus."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")  # a temporary file, gone when closed
        self._database.execute(
            "CREATE TABLE locations (id TEXT PRIMARY KEY, location TEXT) WITHOUT ROWID"
        )

    def of(self, id_: str, location: str) -> str | None:
        """Return where `id_` was before, or note that it is at `location`."""
        try:
            self._database.execute("INSERT INTO locations VALUES (?, ?)", (id_, location))
        except sqlite3.IntegrityError:
            query = "SELECT location FROM locations WHERE id = ?"
            first: str = self._database.execute(query, (id_,)).fetchone()[0]
            return first
        return None

    def close(self) -> None:
        self._database.close()
