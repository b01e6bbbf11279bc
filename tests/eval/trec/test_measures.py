"""Our measures are those of the tools that people know, run as people run them."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from corpus_tuner.eval.trec.benchmark import Qrels
from corpus_tuner.eval.trec.measures import average_queries, measure_queries
from corpus_tuner.eval.trec.qrels import read_qrels, write_qrels
from corpus_tuner.eval.trec.runs import Run, break_ties, read_run, write_run

MEASURES = ["nDCG@10", "RR@100", "R@100", "AP@100", "P@5"]
PYTREC = {"nDCG@10": "ndcg_cut_10", "R@100": "recall_100", "AP@100": "map_cut_100", "P@5": "P_5"}


def made(seed: int) -> tuple[Qrels, Run]:
    """Judgments in four grades, and a run with ties, with queries missing on either side."""
    chance = random.Random(seed)
    documents = [f"d{number}" for number in range(150)]
    queries = [f"q{number}" for number in range(12)]
    qrels: Qrels = {
        query: {
            document: chance.choice([0, 0, 1, 2, 3]) for document in chance.sample(documents, 20)
        }
        for query in queries[:10]
    }
    for grades in qrels.values():
        grades[next(iter(grades))] = 1  # trec_eval has its own ideas of queries without any
    run = {
        query: break_ties(
            (document, chance.choice([0.1, 0.2, 0.3, chance.random()]))
            for document in chance.sample(documents, chance.randint(1, 120))
        )
        for query in queries[2:]
    }
    return qrels, run


TREC_NAMES = [
    *("map", "ndcg_cut_10", "ndcg", "recip_rank", "P_5", "recall_100", "map_cut_100"),
    *("Rprec", "bpref", "success_1", "set_P", "set_recall", "infAP", "iprec_at_recall_0.10"),
]


@pytest.mark.parametrize("seed", range(8))
def test_a_run_full_of_ties_measures_as_trec_eval_does(tmp_path: Path, seed: int) -> None:
    import pytrec_eval

    chance = random.Random(seed)
    qrels, _ = made(seed)
    ids = sorted({document for grades in qrels.values() for document in grades})
    # What another tool wrote: ranks that are not those of the scores, and scores that differ only
    # beyond the precision of float32.
    scores = [0.5, 0.5000000001, 0.25, 16777216.0, 16777217.0, -1.0]
    lines = [
        f"{query} Q0 {document} {rank} {chance.choice(scores)} theirs\n"
        for query in qrels
        for rank, document in enumerate(chance.sample(ids, 40), start=1)
    ]
    (tmp_path / "theirs.trec").write_text("".join(lines), encoding="utf-8")
    write_qrels(qrels, tmp_path / "made.qrels")
    with (tmp_path / "theirs.trec").open() as run, (tmp_path / "made.qrels").open() as judged:
        evaluator = pytrec_eval.RelevanceEvaluator(
            pytrec_eval.parse_qrel(judged), pytrec_eval.supported_measures
        )
        expected = evaluator.evaluate(pytrec_eval.parse_run(run))
    measured = measure_queries(
        read_qrels(tmp_path / "made.qrels"), read_run(tmp_path / "theirs.trec"), TREC_NAMES
    )
    for name in TREC_NAMES:
        for query, value in measured[name].items():
            assert value == pytest.approx(expected[query][name], abs=1e-6), (name, query)


def test_twenty_runs_measure_as_ir_measures_and_pytrec_eval_do(tmp_path: Path) -> None:
    import pytrec_eval

    commands = []
    ours = []
    for seed in range(20):
        qrels, run = made(seed)
        write_qrels(qrels, tmp_path / f"{seed}.qrels")
        write_run(run, tmp_path / f"{seed}.trec", "made")
        measured = measure_queries(qrels, read_run(tmp_path / f"{seed}.trec"), MEASURES)
        ours.append(average_queries(measured))

        # pytrec_eval reads the same files, and leaves out queries that the run has nothing for.
        with (tmp_path / f"{seed}.qrels").open() as file:
            judged = pytrec_eval.parse_qrel(file)
        with (tmp_path / f"{seed}.trec").open() as file:
            found = pytrec_eval.parse_run(file)
        theirs = pytrec_eval.RelevanceEvaluator(judged, set(PYTREC.values())).evaluate(found)
        for name, other in PYTREC.items():
            for query, value in measured[name].items():
                expected = theirs[query][other] if query in theirs else 0
                assert value == pytest.approx(expected, abs=1e-6), (seed, name, query)
        commands.append((tmp_path / f"{seed}.qrels", tmp_path / f"{seed}.trec"))

    # The command line of ir_measures, in one process for all files: an import takes seconds.
    program = (
        "import sys\nfrom ir_measures.__main__ import main_cli\n"
        "files = sys.argv[1:]\n"
        "for at in range(0, len(files), 2):\n"
        f"    sys.argv = ['ir_measures', *files[at:at + 2], *{MEASURES!r}, '-p', '9']\n"
        "    main_cli()\n"
    )
    arguments = [str(file) for pair in commands for file in pair]
    said = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    ).stdout.split()
    printed = list(zip(said[::2], map(float, said[1::2]), strict=True))
    for number, figures in enumerate(ours):
        for name, reached in printed[number * len(MEASURES) : (number + 1) * len(MEASURES)]:
            assert figures[name] == pytest.approx(reached, abs=1e-6)
    assert len(printed) == 20 * len(MEASURES)
