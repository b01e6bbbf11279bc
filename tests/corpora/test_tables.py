"""Tables as documents: typed metadata, and columns that stay text."""

import gzip
import json
from pathlib import Path

from corpus_tuner import Corpus
from tests.cli.conftest import Run


def test_a_type_is_decided_by_the_whole_table(tmp_path: Path) -> None:
    rows = "".join(f"{number},A mill.,{number}\n" for number in range(1_000))
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(f"id,text,value\n{rows}x,A mill.,unknown\n".encode()))
    corpus = Corpus(path)
    for _ in range(2):
        assert [document.metadata["value"] for document in corpus][:2] == ["0", "1"]


def test_ids_titles_and_texts_are_text(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("id,title,text\n1,2024,7\n2,2025,8\n", encoding="utf-8")
    assert [(one.id, one.title, one.text) for one in Corpus(path)] == [
        ("1", "2024", "7"),
        ("2", "2025", "8"),
    ]


def test_filters_on_typed_columns(tmp_path: Path, run: Run, small: list[str]) -> None:
    path = tmp_path / "c.csv"
    path.write_text(
        "id,text,price,zip\na,A mill.,9.50,01067\nb,A barn.,10.25,10115\nc,A lamp.,,20095\n",
        encoding="utf-8",
    )
    assert run("build", path, "-o", tmp_path / "i", *small).code == 0
    found = run("search", tmp_path / "i", "mill", "--filter", "price>=10", "--json")
    assert [hit["id"] for hit in json.loads(found.out)["hits"]] == ["b"]
    fields = json.loads(run("info", tmp_path / "i", "--json").out)["fields"]
    assert fields["price"] == {"documents": 2, "types": {"number": 2}}
    assert fields["zip"]["types"] == {"text": 3}
