"""Records and files that were left out of a corpus or repaired, counted by reason."""

from pydantic import BaseModel, ConfigDict

from corpus_tuner.core.records import Issue

MAX_NAMED = 10_000
"""Maximum number of records and files that are named for one reason; the others are counted."""


class Skipped(BaseModel):
    """Records and files of one corpus that were left out or repaired for the same reason.

    Attributes
    ----------
    reason
        Reason in words.
    repaired
        Whether they are documents of the corpus, read with a repair; otherwise they are left out.
    count
        Number of records and files.
    named
        Location and details of the first `MAX_NAMED` of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str
    repaired: bool
    count: int
    named: tuple[str, ...]


class SkippedRecords:
    """Counter of skipped and repaired records by reason, in bounded memory.

    Attributes
    ----------
    counts
        Number of records and files by reason.

    Examples
    --------
    >>> skipped = SkippedRecords()
    >>> skipped.add(Issue("notes/a.txt", "empty files", repaired=False))
    >>> [(one.reason, one.count, one.named) for one in skipped.to_list()]
    [('empty files', 1, ('notes/a.txt',))]
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._named: dict[str, list[Issue]] = {}

    def add(self, issue: Issue) -> None:
        """Count a record or a file."""
        self.counts[issue.reason] = self.counts.get(issue.reason, 0) + 1
        named = self._named.setdefault(issue.reason, [])
        if len(named) < MAX_NAMED:
            named.append(issue)

    def to_list(self) -> list[Skipped]:
        """Return the counts as one entry for every reason, first those of records left out."""
        entries = [
            Skipped(
                reason=reason,
                repaired=named[0].repaired,
                count=self.counts[reason],
                named=tuple(map(str, named)),
            )
            for reason, named in self._named.items()
        ]
        return sorted(entries, key=lambda entry: entry.repaired)
