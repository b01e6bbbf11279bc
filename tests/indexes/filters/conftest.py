"""A searcher over documents whose fields have values of many types."""

from collections.abc import Iterator
from typing import Any

import pytest

from corpus_tuner import Searcher, build, load_recipe
from tests.conftest import make_documents, write_jsonl

YEARS = [2019, 2020, 2021.5, "2020", None, [2020, 2024]]
LANGUAGES = ["de", "en", ["de", "en"], True, {"of": "de"}]


@pytest.fixture(scope="package")
def searcher(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Iterator[Searcher]:
    folder = tmp_path_factory.mktemp("filters")
    records: list[dict[str, Any]] = [dict(record) for record in make_documents(60, seed=2)]
    for number, record in enumerate(records):
        record["year"] = YEARS[number % len(YEARS)]
        record["spoken"] = LANGUAGES[number % len(LANGUAGES)]
    write_jsonl(folder / "corpus.jsonl", records)
    chosen = ["generator=null", "views.sentences=4", "calibrate=false", "language=en"]
    build(folder / "corpus.jsonl", folder / "index", load_recipe(None, chosen), encoder=encoder)
    with Searcher.open(folder / "index", encoder=encoder) as opened:
        yield opened
