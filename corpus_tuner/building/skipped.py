"""Records and files of the corpora that were left out or repaired, stored with the index."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from corpus_tuner.core.files import write_text
from corpus_tuner.corpora.skipped_records import Skipped
from corpus_tuner.indexes.store.layout import Layout

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

    What is stored of other corpora stays unless this one is all that the index has (`whole`).
    """
    before = read_skipped(index)
    after = {name: some for name, some in before.items() if not whole and name != corpus}
    after |= {corpus: tuple(skipped)} if skipped else {}
    if after == before:
        return False
    stored = json.loads(_STORED.dump_json(after))
    write_text(Layout(index).skipped, json.dumps(stored, ensure_ascii=False, indent=1) + "\n")
    return True
