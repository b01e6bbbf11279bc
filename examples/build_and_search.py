"""Build an index of a small English corpus, and search it.

Run: python examples/build_and_search.py
"""

import corpus_tuner as ct

# `build` reads a folder of documents, JSON lines, tables and more. The sample comes with the
# package: 120 documents, no labels. Late chunking embeds each passage once and pools the vectors of
# its title and sentences; BM25 indexes of words and of character n-grams are added.
report = ct.build(ct.sample_folder("en"), "my-index")
print(report.documents, "documents")

# A second build of the same corpus changes nothing; of a changed corpus, only what differs.
ct.build(ct.sample_folder("en"), "my-index")

with ct.Searcher.open("my-index") as searcher:
    # By default, dense and lexical scores are combined with the weights that calibration chose.
    for hit in searcher.search("how do I get rid of moths", k=3):
        print(hit.rank, f"{hit.score:.3f}", hit.document.id, hit.document.title)

    # Scores rank the documents of one query. Probabilities are comparable between queries.
    moths, loud = searcher.search(["moths in the flour", "a loud fridge"], k=1)
    print(f"{moths[0].probability:.2f} {loud[0].probability:.2f}")

    # `hit.passage` is the best passage of the document, with its offsets in the text.
    passage = moths[0].passage
    assert moths[0].document.text[passage.start : passage.end] == passage.text

    # `mode` chooses dense or lexical search only.
    for mode in ("dense", "lexical"):
        (hit,) = searcher.search("vomiting, should I take my sugar pills?", k=1, mode=mode)
        print(mode, hit.document.title)
