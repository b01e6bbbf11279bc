"""What of a corpus could not be read, or was read with a repair: counted, and named by reason."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from corpus_tuner.core.files import write_text
from corpus_tuner.core.records import BadRecord, Note
from corpus_tuner.corpora.folder_files import LeftOut
from corpus_tuner.indexes.store.layout import Layout

MAX_NAMED = 10_000
"""So many records and files are named for one reason; the others are counted."""


class Skipped(BaseModel):
    """Records and files of one corpus that were left out or repaired for the same reason.

    Attributes
    ----------
    reason
        Why.
    repaired
        Whether they are documents of the corpus, read with a repair; otherwise they are left out.
    count
        How many there are.
    named
        The first `MAX_NAMED` of them: file and line, with what is particular about each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str
    repaired: bool
    count: int
    named: tuple[str, ...]


class _Reason(NamedTuple):
    repaired: bool
    named: list[BadRecord | LeftOut | Note]


class SkippedRecords:
    """Counts records and files by reason, in bounded memory.

    Examples
    --------
    >>> skipped = SkippedRecords()
    >>> skipped.add("empty files", LeftOut("notes/a.txt", "empty files"))
    >>> [(one.reason, one.count, one.named) for one in skipped.listed()]
    [('empty files', 1, ('notes/a.txt',))]
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._reasons: dict[str, _Reason] = {}

    def add(self, reason: str, what: BadRecord | LeftOut | Note, *, repaired: bool = False) -> None:
        """Count a record or a file."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        known = self._reasons.setdefault(reason, _Reason(repaired, []))
        if len(known.named) < MAX_NAMED:
            known.named.append(what)

    def first(self) -> dict[str, BadRecord | LeftOut | Note]:
        """Return the first record or file for every reason."""
        return {reason: known.named[0] for reason, known in self._reasons.items()}

    def listed(self) -> list[Skipped]:
        """Return what was counted, a reason each: first what is left out."""
        listed = [
            Skipped(
                reason=reason,
                repaired=known.repaired,
                count=self.counts[reason],
                named=tuple(map(_described, known.named)),
            )
            for reason, known in self._reasons.items()
        ]
        return sorted(listed, key=lambda one: one.repaired)


def _described(what: BadRecord | LeftOut | Note) -> str:
    """Return where a record stands, and what is particular about it."""
    return f"{what.location} ({what.detail})" if what.detail else what.location


_STORED = TypeAdapter(dict[str, tuple[Skipped, ...]])


def read_skipped(index: Path) -> dict[str, tuple[Skipped, ...]]:
    """Return what was left out or repaired when an index was built, by corpus.

    An index whose list is missing or damaged has none.
    """
    try:
        return _STORED.validate_json(Layout(index).skipped.read_bytes())
    except (OSError, ValidationError):
        return {}


def store_skipped(
    index: Path, corpus: str, skipped: Sequence[Skipped], *, whole: bool = True
) -> bool:
    """Store what was left out or repaired, and tell whether it differs from what was stored.

    Parameters
    ----------
    index
        The folder of the index, locked.
    corpus
        What was read.
    skipped
        What was left out or repaired.
    whole
        Whether it is all that the index has; otherwise what is stored of other corpora stays.
    """
    before = read_skipped(index)
    after = {name: some for name, some in before.items() if not whole and name != corpus}
    after |= {corpus: tuple(skipped)} if skipped else {}
    if after == before:
        return False
    stored = json.loads(_STORED.dump_json(after))
    write_text(Layout(index).skipped, json.dumps(stored, ensure_ascii=False, indent=1) + "\n")
    return True
