"""One interface to every source: checked documents, one after the other, every id once."""

import heapq
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NoReturn

from corpus_tuner.core.arguments import is_utf8
from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.core.metadata import MetadataError, convert_metadata
from corpus_tuner.core.records import BadRecord, Note, Record, name_json_type
from corpus_tuner.corpora import in_memory
from corpus_tuner.corpora.field_mapping import Draft, Item, draft_of
from corpus_tuner.corpora.folder_files import LeftOut
from corpus_tuner.corpora.in_memory import Documents
from corpus_tuner.corpora.open_source import count_records, find_source
from corpus_tuner.corpora.parse_cache import ParseCache
from corpus_tuner.corpora.record_files import Source
from corpus_tuner.corpora.settings import CorpusSettings
from corpus_tuner.corpora.skipped_records import Skipped, SkippedRecords
from corpus_tuner.errors import CorpusTunerError, setting
from corpus_tuner.text.long_runs import LONGEST_RUN, drop_long_runs

MAX_ID_CHARACTERS = 512
MOST_FAILURES = 20
"""So many bad records are named before reading stops."""
IN_MEMORY = "documents in memory"
"""What an index says of a corpus that is nowhere else."""
# All control characters but white space. Those from 0x80 to 0x9f are left alone: in texts that
# went through a wrong conversion they are common, and encoders drop them.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_WHITE = "".join(filter(str.isspace, map(chr, range(0x3001)))).replace("\f", "")
"""All white space but form feeds, which end the pages of a text, also empty ones."""
_LONG_RUNS = f"more than {LONGEST_RUN:,} characters without a space, left out"
_NOT_IN_IDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Where a word may be broken, or not: soft hyphen, zero width space, word joiner, byte order mark.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]+")
_NOT_UTF8 = ("not UTF-8", "or half of a surrogate pair; convert the file to UTF-8")


class Corpus:
    """Documents of one source; iterate over it as often as needed, every time from the start.

    Parameters
    ----------
    source
        A BEIR folder, a ``.jsonl``, ``.json``, ``.csv`` or ``.tsv`` file (all may be gzipped), a
        ``.xlsx`` or ``.parquet`` file, a folder of documents (text, Markdown, HTML, PDF and others)
        or one of them, ``ir_datasets:ID`` or ``hf:NAME``; or documents, dictionaries or texts, of
        which an iterator is read into memory.
    settings
        How to read it.
    parsed
        What was read of files before, and takes what is read now; whoever gives it closes it.

    Attributes
    ----------
    source
        As given; what stands for documents in memory.

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
        parsed: ParseCache | None = None,
    ) -> None:
        self._skipped = SkippedRecords()
        self._failures: list[tuple[str, str]] = []
        self._settings = settings or CorpusSettings()
        self._hashing: Callable[[Record], bool] | None = None
        if isinstance(source, str | Path):
            self.source, self._size = str(source), None
            self._source = find_source(self.source, self._settings, parsed)
        else:
            source = in_memory.documents_of(source)
            self.source, self._size = IN_MEMORY, len(source)
            self._source = Source(partial(in_memory.read, source, self._settings))
        by_default = "skip" if self._source.skips else "fail"
        self._skips = (self._settings.on_bad_record or by_default) == "skip"

    @property
    def skipped(self) -> Mapping[str, int]:
        """After an iteration: how many records and files were left out or repaired, by reason."""
        return self._skipped.counts

    @property
    def examples(self) -> Mapping[str, BadRecord | LeftOut | Note]:
        """After an iteration: for every reason, the first of these records and files."""
        return self._skipped.first()

    def list_skipped(self) -> list[Skipped]:
        """Return what was left out or repaired in the last iteration, by reason."""
        return self._skipped.listed()

    def __iter__(self) -> Iterator[Document]:
        """Yield the documents in the order of the source.

        Raises
        ------
        CorpusTunerError
            At bad records or further uses of an id, unless these are to be skipped: all of them, up
            to `MOST_FAILURES`; and if the source cannot be read to its end.
        """
        self._skipped = SkippedRecords()
        self._failures = []
        yield from (document for document in self._checked() if not self._failures)
        if self._failures:
            self._fail()

    def _checked(self) -> Iterator[Document]:
        with closing(_Locations()) as locations:
            for draft in self._drafts():
                if isinstance(draft, LeftOut):
                    self._skipped.add(draft.reason, draft)
                elif isinstance(draft, Note):
                    self._skipped.add(draft.reason, draft, repaired=True)
                elif isinstance(draft, BadRecord):
                    self._reject(draft)
                elif (document := self._document(draft)) and self._is_new(draft, locations):
                    yield document

    def _is_new(self, draft: Draft, locations: "_Locations") -> bool:
        """Tell whether an id comes for the first time; otherwise its record is left out."""
        first = locations.of(str(draft.id), draft.location)
        if first is None:
            return True
        if draft.hashed:
            reason = "the same as an earlier record"
            self._skipped.add(reason, LeftOut(draft.location, reason, f"first at {first}"))
        else:
            detail = f"{draft.id!r}, first at {first}"
            self._reject(BadRecord(draft.location, "id", "duplicate id", detail))
        return False

    def _drafts(self) -> Iterator[Draft | BadRecord | LeftOut | Note]:
        for record in self._records():
            if isinstance(record, Record):
                self._hashing = self._hashing or self._source.hashing(self._settings)
                yield draft_of(record, self._settings, hashed=self._hashing(record))
            else:
                yield record

    def _records(self) -> Iterator[Item]:
        """Read the source: to its end, unless there is enough to complain of."""
        try:
            for record in self._source.read():
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
        drawn = ((compute_digest(document), document) for document in self)
        chosen = heapq.nsmallest(size, drawn, key=lambda pair: pair[0])
        return [document for _, document in chosen]

    def iterate_chunks(self, size: int) -> Iterator[list[Document]]:
        """Yield the documents in lists of so many; errors raised are those of iteration."""
        return split_into_chunks(self, size)

    def _document(self, draft: Draft) -> Document | None:
        """Check a draft; `None` if it is to be left out."""
        values: dict[str, str] = {}
        dropped_runs = 0
        for role, name in draft.names.items():
            value = getattr(draft, role)
            if problem := self._problem(role, value):
                self._reject(BadRecord(draft.location, name, *problem))
                return None
            if control := _CONTROL.search(value):
                detail = f"U+{ord(control[0]):04X}"
                self._reject(
                    BadRecord(draft.location, name, "control characters", detail),
                    remedy="put spaces in their place",
                    repaired=True,
                )
                value = _CONTROL.sub(" ", value)
            if role != "id":
                value, dropped = drop_long_runs(_INVISIBLE.sub("", value))
                if dropped:
                    note = Note(draft.location, _LONG_RUNS, f"{dropped:,} characters")
                    self._skipped.add(_LONG_RUNS, note, repaired=True)
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

    def _problem(self, role: str, value: object) -> tuple[str, str] | None:
        """Say what is wrong with a value: a reason and a detail."""
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
            what = str(bad).removeprefix(bad.location)
            skip = setting({"corpus.on_bad_record": "skip"}, "--on-bad-record skip")
            advice = f"{what}. Mend it, or {remedy} with {skip}"
            self._failures.append((bad.location, advice))
            return
        reason = f"{bad.field}: {bad.reason}" if bad.field else bad.reason
        self._skipped.add(reason, bad, repaired=repaired)

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
