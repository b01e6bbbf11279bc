"""Corpora: checked documents of any source, one after the other, each id once."""

import heapq
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import NoReturn

from corpus_tuner.core.arguments import is_utf8
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.counts import format_count
from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.core.metadata import MetadataError, convert_metadata
from corpus_tuner.core.records import BadRecord, Issue, Record, name_json_type
from corpus_tuner.corpora.field_mapping import Draft, Item, make_draft
from corpus_tuner.corpora.open_source import (
    Documents,
    count_records,
    open_documents,
    open_source,
)
from corpus_tuner.corpora.parse_cache import ParseCache
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.corpora.skipped_records import Skipped, SkippedRecords
from corpus_tuner.errors import CorpusTunerError, setting
from corpus_tuner.text.long_runs import LONGEST_RUN, drop_long_runs

MAX_ID_CHARACTERS = 512
MAX_FAILURES = 20
"""Maximum number of bad records that are named before reading stops."""
IN_MEMORY = "documents in memory"
"""Name of a corpus of documents in memory, in an index."""
# All control characters but white space. Those from 0x80 to 0x9f are common in texts that
# went through a wrong conversion, and encoders drop them.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_WHITE = "".join(filter(str.isspace, map(chr, range(0x3001)))).replace("\f", "")
"""All white space but form feeds, which end the pages of a text, also empty ones."""
_LONG_RUNS = f"more than {LONGEST_RUN:,} characters without a space, left out"
_NOT_IN_IDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Where a word may be broken, or not: soft hyphen, zero width space, word joiner, byte order mark.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]+")
_NOT_UTF8 = ("not UTF-8", "or half of a surrogate pair; convert the file to UTF-8")


class Corpus:
    """Stream of the documents of one source; every iteration reads it from the start.

    Parameters
    ----------
    source
        A BEIR folder, a ``.jsonl``, ``.json``, ``.csv`` or ``.tsv`` file (all may be gzipped), a
        ``.xlsx`` or ``.parquet`` file, a folder of documents (text, Markdown, HTML, PDF and others)
        or one of them, ``ir_datasets:ID`` or ``hf:NAME``; or documents, dictionaries or texts, of
        which an iterator is read into memory.
    settings
        Settings of reading.
    cache
        Cache of parsed files; the caller closes it.

    Attributes
    ----------
    source
        Name of the source, `IN_MEMORY` for documents in memory.
    limit
        Number of documents that are read, the first ones; ``None`` for all.

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
        cache: ParseCache | None = None,
    ) -> None:
        self._skipped = SkippedRecords()
        self._failures: list[tuple[str, str]] = []
        self._settings = settings or CorpusSettings()
        self._is_hashed: Callable[[Record], bool] | None = None
        self._size: int | None = None
        self.limit = self._settings.limit
        if isinstance(source, str | Path):
            self.source = str(source)
            self._source = open_source(self.source, self._settings, cache)
        else:
            self.source = IN_MEMORY
            self._source, self._size = open_documents(source, self._settings)
        by_default = "skip" if self._source.skips else "fail"
        self._skips = (self._settings.on_bad_record or by_default) == "skip"

    @property
    def skipped(self) -> Mapping[str, int]:
        """Number of records and files left out or repaired in the last iteration, by reason."""
        return self._skipped.counts

    def list_skipped(self) -> list[Skipped]:
        """Return the records and files left out or repaired in the last iteration, by reason."""
        return self._skipped.to_list()

    def __iter__(self) -> Iterator[Document]:
        """Yield the documents in the order of the source.

        Raises
        ------
        CorpusTunerError
            If there are bad records or duplicate ids that are not to be skipped, naming up to
            `MAX_FAILURES` of them; or if the source cannot be read to its end.
        """
        self._skipped = SkippedRecords()
        self._failures = []
        documents = (document for document in self._read_documents() if not self._failures)
        yield from islice(documents, self.limit)
        if self._failures:
            self._fail()

    def _read_documents(self) -> Iterator[Document]:
        # First location of every id, on disk so that memory does not grow with the corpus.
        with closing(sqlite3.connect("")) as locations:
            locations.execute(
                "CREATE TABLE locations (id TEXT PRIMARY KEY, location TEXT) WITHOUT ROWID"
            )
            for item in self._read_items():
                if isinstance(item, Record):
                    if self._is_hashed is None:
                        self._is_hashed = self._source.find_hashing(self._settings)
                    item = make_draft(item, self._settings, hashed=self._is_hashed(item))
                if isinstance(item, Issue):
                    self._skipped.add(item)
                elif isinstance(item, BadRecord):
                    self._reject(item)
                elif (document := self._check(item)) and self._is_new(item, locations):
                    yield document

    def _read_items(self) -> Iterator[Item]:
        """Yield the items of the source, until there are `MAX_FAILURES` bad records."""
        try:
            for item in self._source.read():
                yield item
                if len(self._failures) == MAX_FAILURES:
                    return
        except CorpusTunerError as error:
            if not self._failures:
                raise
            self._failures.append(("", f"{error}."))

    def _is_new(self, draft: Draft, locations: sqlite3.Connection) -> bool:
        """Tell whether an id occurs for the first time; otherwise skip its record."""
        with suppress(sqlite3.IntegrityError):
            locations.execute("INSERT INTO locations VALUES (?, ?)", (draft.id, draft.location))
            return True
        query = "SELECT location FROM locations WHERE id = ?"
        (first,) = locations.execute(query, (draft.id,)).fetchone()
        if draft.hashed:
            reason, detail = "the same as an earlier record", f"first at {first}"
            self._skipped.add(Issue(draft.location, reason, detail, repaired=False))
        else:
            detail = f"{draft.id!r}, first at {first}"
            self._reject(BadRecord(draft.location, "id", "duplicate id", detail))
        return False

    def count(self) -> int | None:
        """Return about how many documents there are; ``None`` if only reading tells."""
        size = self._size
        if size is None:
            size = count_records(self.source, self._settings)
        return size if size is None or self.limit is None else min(size, self.limit)

    def sample(self, size: int) -> list[Document]:
        """Return a sample of the documents that depends on their contents, not on their order."""
        keyed = ((compute_digest(document), document) for document in self)
        chosen = heapq.nsmallest(size, keyed, key=lambda pair: pair[0])
        return [document for _, document in chosen]

    def iterate_chunks(self, size: int) -> Iterator[list[Document]]:
        """Yield the documents in lists of `size`; raises the errors of iteration."""
        return split_into_chunks(self, size)

    def _check(self, draft: Draft) -> Document | None:
        """Return the document of a draft, or reject it and return `None`."""
        values: dict[str, str] = {}
        dropped_runs = 0
        for role, name in draft.names.items():
            value = getattr(draft, role)
            if problem := self._find_problem(role, value):
                self._reject(BadRecord(draft.location, name, *problem))
                return None
            if control := _CONTROL.search(value):
                detail = f"U+{ord(control[0]):04X}"
                self._reject(
                    BadRecord(draft.location, name, "control characters", detail),
                    remedy="replace them with spaces",
                    repaired=True,
                )
                value = _CONTROL.sub(" ", value)
            if role != "id":
                value, dropped = drop_long_runs(_INVISIBLE.sub("", value))
                if dropped:
                    detail = format_count(dropped, "character")
                    self._skipped.add(Issue(draft.location, _LONG_RUNS, detail))
                    dropped_runs += dropped
            values[role] = value
        if not values["title"].strip() and not values["text"].strip():
            if dropped_runs:  # which are counted
                return None
            reason = "empty, and there is no title"
            self._reject(BadRecord(draft.location, draft.names["text"], reason))
            return None
        try:
            metadata = convert_metadata(draft.metadata)
        except MetadataError as error:
            self._reject(BadRecord(draft.location, "metadata", error.reason, error.detail))
            return None
        return Document(
            values["id"], values["title"].strip(), values["text"].strip(_WHITE), metadata
        )

    def _find_problem(self, role: str, value: object) -> tuple[str, str] | None:
        """Return the reason and the detail of a problem with a value, if there is one."""
        if not isinstance(value, str):
            return "not text", name_json_type(value)
        if not is_utf8(value):
            return _NOT_UTF8
        if role != "id":
            if len(value) > self._settings.max_characters:
                allowed = f"corpus.max_characters is {self._settings.max_characters}"
                return "too long", f"{len(value)} characters; {allowed}"
            return None
        if not value.strip():
            return "empty", ""
        if _NOT_IN_IDS.search(value) or value != value.strip():
            return "not fit for an id", "line breaks, outer white space, control characters"
        if len(value) > MAX_ID_CHARACTERS:
            return "too long", f"{len(value)} characters; {MAX_ID_CHARACTERS} is the most"
        return None

    def _reject(
        self, bad: BadRecord, remedy: str = "leave such records out", *, repaired: bool = False
    ) -> None:
        if not self._skips:
            problem = str(bad).removeprefix(bad.location)
            skip = setting({"corpus.on_bad_record": "skip"})
            self._failures.append((bad.location, f"{problem}. Fix it, or {remedy} with {skip}"))
            return
        reason = f"{bad.field}: {bad.reason}" if bad.field else bad.reason
        self._skipped.add(Issue(bad.location, reason, bad.detail, repaired))

    def _fail(self) -> NoReturn:
        """Raise one error for all bad records, with a remedy for each."""
        failures: dict[str, list[str]] = {}
        for location, problem in self._failures:
            failures.setdefault(problem, []).append(location)
        lines = [
            f"{locations[0]}{f' and {len(locations) - 1:,} more' * (len(locations) > 1)}{problem}"
            for problem, locations in failures.items()
        ]
        count = len(self._failures)
        if count == 1:
            raise CorpusTunerError(lines[0])
        more = ", and there may be more" if count == MAX_FAILURES else ""
        raise CorpusTunerError("\n  ".join([f"{count} records cannot be used{more}:", *lines]))
