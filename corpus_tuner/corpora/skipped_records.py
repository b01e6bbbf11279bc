"""What of a corpus could not be read, or was read with a repair: counted, and named by reason."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from corpus_tuner.core.records import BadRecord, Note
from corpus_tuner.corpora.folder_files import LeftOut

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
