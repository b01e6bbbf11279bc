"""Inspect the calibrated ranker weights, and search with weights of your own.

Run: python examples/weights_and_calibration.py
"""

import corpus_tuner as ct

ct.build(ct.sample_folder("en"), "my-index")

# `build` ends with a calibration: held-out sentences of some documents are pseudo-queries, their
# documents the expected answers, and the maximum-likelihood weights are averaged with the default
# ones. `calibrate` repeats it, for instance after many documents were added.
calibration = ct.calibrate("my-index")
print(calibration.queries, "pseudo-queries:", calibration.chosen)

with ct.Searcher.open("my-index") as searcher:
    query = "how do I get rid of moths"
    # `hit.rankers` has the score, the rank and the contribution of each ranker.
    (hit,) = searcher.search(query, k=1)
    for name, standing in hit.rankers.items():
        print(f"{name:9} score {standing.score:.3f} rank {standing.rank} part {standing.part:.2f}")

    # Weights of your own, for one search: only their ratios count, and a ranker with weight 0
    # costs nothing. Probabilities are not available, since they belong to the calibrated weights.
    lexical_first = ct.SearchSettings(hybrid={"passage": 0.2, "words": 0.8})
    print([hit.document.title for hit in searcher.search(query, k=2, settings=lexical_first)])

    # Reciprocal rank fusion instead of a sum of normalized scores.
    rrf = ct.SearchSettings(fusion="rrf")
    print([hit.document.title for hit in searcher.search(query, k=2, settings=rrf)])
