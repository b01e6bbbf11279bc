"""How often prediction-powered intervals of a biased judge cover the truth.

Run: python -m benchmarks.judging INDEX COLLECTION

COLLECTION is a folder in BEIR layout, and INDEX an index of its corpus. A local server grades the
pools of hybrid, dense and lexical search with a known bias: it is lenient, the more so with
documents that dense search ranks first, and makes mistakes. People grade as the qrels do. Of the
queries, studies are drawn at random: the model's values of all their queries and people's of some.
The truth is the mean over all queries of the collection by people's grades.
"""

import argparse
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import numpy as np

from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark
from corpus_tuner.eval.report.tables import format_markdown
from corpus_tuner.eval.trec.measures import measure_queries
from corpus_tuner.indexes.searcher import Searcher
from corpus_tuner.judging.estimates import estimate_mean
from corpus_tuner.judging.language_model import grade_pools
from corpus_tuner.judging.pool import run_systems
from corpus_tuner.judging.report import MEASURES
from corpus_tuner.judging.store import Judgments
from corpus_tuner.judging.study import Study

STUDIES = 4_000
SIZES = ((20, 200), (40, 200), (80, 200))
"""Queries that people judge, and all queries, of a study."""


class Judge(BaseHTTPRequestHandler):
    """Answers with the grade of `grades`, by the text of the query and the passage."""

    grades: dict[tuple[str, str], int]

    def do_POST(self) -> None:
        """Answer one request."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body["messages"][-1]["content"]
        found = re.search(r"\nQuery: (.*)\n\nTitle: .*\nPassage: (.{1,60})", prompt, re.S)
        assert found
        message = {"role": "assistant", "content": str(self.grades[found[1], found[2]])}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        data = json.dumps({"id": "x", "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("collection", type=Path)
    chosen = parser.parse_args()
    judged = load_benchmark(chosen.collection, skip_bad_records=True)
    random = np.random.default_rng(0)
    with Searcher.open(chosen.index) as searcher, TemporaryDirectory() as folder:
        runs = run_systems(searcher, judged.queries)
        judgments = Judgments(Path(folder) / "judgments.sqlite")
        study = Study(searcher, judgments, "people", judged.queries, runs)
        Judge.grades = {}
        people = {}
        for query, pool in study.pools.items():
            favoured = {document for document, _ in runs["dense"][query][:5]}
            people[query] = {one: 2 * judged.qrels[query].get(one, 0) for one in sorted(pool)}
            for document, grade in people[query].items():
                chance = random.random()
                lenient = 0.5 if document in favoured else 0.15
                said = min(3, grade + 1) if chance < lenient else grade
                said = max(0, said - 2) if chance > 0.85 else said
                passage = study.list_items(query)[document].passage[:60]
                Judge.grades[judged.queries[query], passage] = said
        server = ThreadingHTTPServer(("127.0.0.1", 0), Judge)
        Thread(target=server.serve_forever, daemon=True).start()
        grade_pools(study, f"http://127.0.0.1:{server.server_port}/v1", "biased")
        model: dict[str, dict[str, int]] = {}
        for own in judgments.read_grades():
            model.setdefault(own.query, {})[own.document] = own.grade
    rows = []
    for system, run in runs.items():
        values, predicted = (
            np.array(list(measure_queries(qrels, run, MEASURES[:1])[MEASURES[0]].values()))
            for qrels in (people, {query: model[query] for query in people})
        )
        for count, size in SIZES:
            rows.append([system, str(count), str(size), *simulate(values, predicted, count, size)])
    names = ["truth", "model", "cover", "people only", "model only", "width / people only"]
    print(format_markdown([["system", "judged", "queries", *names], *rows]))


def simulate(
    values: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any], count: int, size: int
) -> list[str]:
    """Return truth, the model's mean, per cent of intervals that cover the truth, and width."""
    random = np.random.default_rng(count)
    truth = values.mean()
    covered, widths = [], []
    for _ in range(STUDIES):
        drawn = random.integers(len(values), size=size)
        own, model = values[drawn], predicted[drawn]
        found = (
            estimate_mean(own[:count], model[:count], model[count:]),
            estimate_mean(own[:count], model[:count], model[:0]),
            estimate_mean(model, model, model[:0]),
        )
        bounds = np.array([[one.low, one.high] for one in found], np.float64)
        covered.append((bounds[:, 0] <= truth) & (truth <= bounds[:, 1]))
        widths.append(bounds[:, 1] - bounds[:, 0])
    combined, people, _ = np.mean(widths, axis=0)
    shares = [f"{100 * share:.1f}" for share in np.mean(covered, axis=0)]
    return [f"{truth:.3f}", f"{predicted.mean():.3f}", *shares, f"{combined / people:.2f}"]


if __name__ == "__main__":
    main()
