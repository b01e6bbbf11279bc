"""Fine-tuning of the encoder on generated questions."""

from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from benchmarks.question_tuning import BATCH, make_triples, train
from benchmarks.scored_collection import ScoredCollection


def test_teacher_scores_documents_of_questions(collection: ScoredCollection) -> None:
    triples = make_triples(collection, 8)
    assert triples
    assert all(one.document != one.other for one in triples)


def test_training_approaches_the_margins_of_the_teacher(
    collection: ScoredCollection, encoder_folder: Path
) -> None:
    triples = make_triples(collection, 2 * BATCH)[:BATCH]
    teacher = np.array([one.margin for one in triples])
    model = SentenceTransformer(str(encoder_folder), device="cpu")

    def compute_margins() -> np.ndarray:
        questions, documents, others = (
            np.asarray(model.encode(list(texts), normalize_embeddings=True))
            for texts in list(zip(*triples, strict=True))[:3]
        )
        return np.asarray((questions * (documents - others)).sum(axis=1))

    before = compute_margins()
    expected = teacher * before.std() / teacher.std()
    train(model, triples * 10)
    after = compute_margins()
    assert np.square(after - expected).mean() < 0.8 * np.square(before - expected).mean()
