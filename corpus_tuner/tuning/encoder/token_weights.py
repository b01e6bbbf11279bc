"""idf weights of tokens in the mean of their states, which most encoders pool.

In a plain mean, tokens of every document, such as articles and punctuation, count as much as those
that distinguish a document. Sources: Spärck Jones, "A statistical interpretation of term
specificity", Journal of Documentation 28, 1972; Arora, Liang and Ma, "A simple but tough-to-beat
baseline for sentence embeddings", ICLR 2017.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import WordWeights

from corpus_tuner.core.chunks import split_into_chunks
from corpus_tuner.encoders.torch_model import can_pool_spans, split_modules

_CHUNK = 1_000  # texts that are split into tokens


def weigh_tokens(model: SentenceTransformer, texts: Iterable[str]) -> bool:
    """Add idf weights of tokens to a model.

    Returns
    -------
    Whether weights were added: not if the vector is no mean of states, or they have weights.
    """
    if not can_pool_spans(model) or split_modules(model)[0] is not None:
        return False
    tokenizer: Any = model.tokenizer
    names = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    weights = dict(zip(names, compute_idf(tokenizer, texts).tolist(), strict=True))
    module = WordWeights(names, weights).to(model.device)
    module.emb_layer.requires_grad_(False)
    model.insert(1, module)
    return True


def compute_idf(tokenizer: Any, texts: Iterable[str]) -> npt.NDArray[np.float64]:
    """Return the smoothed idf of every token of a tokenizer, plus 1 as in scikit-learn."""
    frequencies: Counter[int] = Counter()
    count = 0
    for some in split_into_chunks(texts, _CHUNK):
        count += len(some)
        for tokens in tokenizer(list(some), verbose=False)["input_ids"]:
            frequencies.update(set(tokens))
    counts = np.array([frequencies[token] for token in range(len(tokenizer))], np.float64)
    return 1 + np.log((1 + count) / (1 + counts))
