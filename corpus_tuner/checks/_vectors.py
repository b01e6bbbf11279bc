"""The vectors that checks compare."""

from collections.abc import Sequence

import numpy as np

from corpus_tuner.checks import Candidate
from indexes.encoders import Encoder, Vectors


def vectors_of(
    candidates: Sequence[Candidate], encoder: Encoder
) -> tuple[dict[str, Vectors], Vectors]:
    """Encode what was written, and the own views of the documents that it was written for.

    Returns
    -------
    own, written
        For each document's id the vectors of its own views, shape (views, dimension), and those
        of the candidates, shape (candidates, dimension).
    """
    own = {each.document.id: [view.text for view in each.own] for each in candidates}
    texts = [text for some in own.values() for text in some]
    vectors = encoder.encode_documents([*texts, *(each.view.text for each in candidates)])
    ends = np.cumsum([len(some) for some in own.values()]).tolist()
    parts = np.split(vectors[: len(texts)], ends[:-1])
    return dict(zip(own, parts, strict=True)), vectors[len(texts) :]
