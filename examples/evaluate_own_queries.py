"""Evaluate an index on queries and judgments of your own.

Run: python examples/evaluate_own_queries.py
"""

from pathlib import Path

import corpus_tuner as ct

sample = ct.sample_folder("en")
ct.build(sample, "my-index")

# Queries and judgments of an index: TSV, CSV or JSON lines, and TREC or BEIR qrels.
Path("queries.tsv").write_text(
    "q1\tthe loo trickles all night though nobody has used it\n"
    "q2\tshould I keep swallowing my sugar pills with a stomach bug?\n",
    encoding="utf-8",
)
Path("judgments.qrels").write_text(
    "q1 0 en-everyday-002 1\nq2 0 en-medical-027 1\n", encoding="utf-8"
)
evaluation = ct.evaluate(
    [], "own-results", index="my-index", queries="queries.tsv", qrels="judgments.qrels"
)
for result in evaluation.results:
    print(result.system, {name: round(value, 3) for name, value in result.measures.items()})

# A folder in BEIR layout has corpus, queries and judgments. Its index is built with the given
# settings, and all systems are compared: BM25, the encoder only, representations, hybrid search.
evaluation = ct.evaluate([str(sample)], "sample-results", {"language": "en"}, measures=["nDCG@10"])
for result in evaluation.results:
    print(f"{result.system:16} {100 * result.measures['nDCG@10']:.1f}")

# The results folder has an HTML report with significance tests, TREC runs, and JSON.
print(Path("sample-results", "report.html").stat().st_size, "bytes")
