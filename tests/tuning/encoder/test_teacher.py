"""Topics of the teacher."""

from itertools import islice

import numpy as np

from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.tuning.encoder.synthetic_queries import generate_queries
from corpus_tuner.tuning.encoder.teacher import cluster_topics


def test_topics_are_clusters_of_vectors_whose_queries_follow_one_another() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(8, 16)
    vectors = np.repeat(centres, 6, axis=0) + rng.normal(0, 0.01, (48, 16))
    found = cluster_topics(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 6, seed=0)
    assert sorted(position for topic in found for position in topic) == list(range(48))
    assert sum(len({position // 6 for position in topic}) == 1 for topic in found) >= 6
    documents = [
        Document(str(number), "", f"The old mill number{number} grinds wheat.")
        for number in range(48)
    ]
    made = generate_queries(documents, Languages(("en",)), 0.5, 0, topics=found)
    epoch = [position for position, _ in islice(made, 48)]
    assert sorted(epoch) == list(range(48))
    for topic in found:
        where = [epoch.index(position) for position in topic]
        assert max(where) - min(where) == len(topic) - 1
