"""Benchmarks of random documents."""

from pathlib import Path

from tests.conftest import make_documents, write_jsonl


def make_benchmark(folder: Path, documents: int = 40, queries: int = 12, seed: int = 0) -> Path:
    """A benchmark of random documents, every query some words of the one that is relevant."""
    folder.mkdir(parents=True)
    made = make_documents(documents, seed)
    write_jsonl(folder / "corpus.jsonl", made)
    made_queries = [
        {"_id": f"q{number}", "text": " ".join(document["text"].split()[2:9])}
        for number, document in enumerate(made[:queries])
    ]
    write_jsonl(folder / "queries.jsonl", made_queries)
    (folder / "qrels").mkdir()
    lines = [f"q{number}\t{document['_id']}\t1" for number, document in enumerate(made[:queries])]
    (folder / "qrels" / "test.tsv").write_text("\n".join(["q\td\ts", *lines]), encoding="utf-8")
    return folder
