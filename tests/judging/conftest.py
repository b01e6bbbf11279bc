"""A study of a small index."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.eval.trec.runs import Run
from corpus_tuner.judging.pool import run_systems
from corpus_tuner.judging.store import Judgments
from corpus_tuner.judging.study import Study
from tests.conftest import make_documents, write_jsonl

QUERIES = {f"q{number}": text for number, text in enumerate(["mill river", "wheat {x}", "flour"])}
SETTINGS = ["generator=null", "views.sentences=2", "calibrate=false", "language=en"]


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory, encoder: Any) -> Iterator[Searcher]:
    folder = tmp_path_factory.mktemp("judging")
    corpus = write_jsonl(folder / "corpus.jsonl", make_documents(30))
    build(corpus, folder / "index", load_recipe(None, SETTINGS), encoder=encoder)
    with Searcher.open(folder / "index", encoder=encoder) as opened:
        yield opened


@pytest.fixture(scope="module")
def runs(searcher: Searcher) -> dict[str, Run]:
    return run_systems(searcher, QUERIES)


@pytest.fixture
def make_study(searcher: Searcher, runs: dict[str, Run], tmp_path: Path) -> Callable[..., Study]:
    """Return a function that opens the same database again, as a new process does."""

    def make(judge: str = "ann", **options: Any) -> Study:
        judgments = Judgments(tmp_path / "judgments.sqlite")
        judgments.add_queries(QUERIES)
        return Study(searcher, judgments, judge, QUERIES, runs, **options)

    return make


def judge_all(study: Study, grade: Callable[[str, str], int], count: int = 10**6) -> int:
    """Grade what is offered, `count` documents at most, and return how many there were."""
    done = 0
    while done < count and (item := study.find_next()):
        study.judgments.add_grade(
            study.judge, item.query, item.document, grade(item.query, item.document)
        )
        done += 1
    return done
