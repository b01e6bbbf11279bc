"""Records, documents and files that several tests of corpora share."""

from pathlib import Path

from corpus_tuner import Corpus, Document


def write_file(path: Path, text: str = "A mill by the river.") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


RECORDS = [
    {"_id": "a", "title": "Mills", "text": "A mill stands by the river."},
    {"_id": "b", "title": "", "text": "Brot braucht Mehl, Wasser und Geduld – schön."},
]


DOCUMENTS = [
    Document("a", "Mills", "A mill stands by the river."),
    Document("b", "", "Brot braucht Mehl, Wasser und Geduld – schön."),
]


GOOD = b'{"_id": "a", "text": "A mill by the river."}\n'


def get_examples(corpus: Corpus) -> dict[str, str]:
    """Return the first record or file for every reason."""
    return {skipped.reason: skipped.named[0] for skipped in corpus.list_skipped()}
