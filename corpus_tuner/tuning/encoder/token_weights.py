"""How much the tokens of a text weigh in its vector: the more, the fewer documents have them.

An encoder that takes the mean of its tokens' states lets those that every document has, such as
articles and marks of punctuation, speak as loud as those that tell a document from others.
Sources: Spärck Jones, "A statistical interpretation of term specificity", Journal of Documentation
28, 1972; Arora, Liang and Ma, "A simple but tough-to-beat baseline for sentence embeddings", ICLR
2017 (a mean of vectors, weighted by how rare words are).
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

_AT_ONCE = 1_000  # texts that are split into tokens


def weigh_tokens(model: SentenceTransformer, texts: Iterable[str]) -> bool:
    """Let the states of rare tokens weigh more in the vectors of a model, in place.

    Parameters
    ----------
    model
        The encoder.
    texts
        Of the documents by which a token is rare.

    Returns
    -------
    Whether it does: not where a vector is no mean of states, nor where these have weights already.
    """
    if not can_pool_spans(model) or split_modules(model).weights is not None:
        return False
    tokenizer: Any = model.tokenizer
    names = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    weights = dict(zip(names, rarity(tokenizer, texts).tolist(), strict=True))
    module = WordWeights(names, weights).to(model.device)
    module.emb_layer.requires_grad_(False)
    model.insert(1, module)
    return True


def rarity(tokenizer: Any, texts: Iterable[str]) -> npt.NDArray[np.float64]:
    """Return 1 and the logarithm of how few texts have a token, by its id.

    The 1 is scikit-learn's (``smooth_idf``), so that a text of common tokens alone says something.

    Parameters
    ----------
    tokenizer
        Of transformers.
    texts
        Of all documents.
    """
    having: Counter[int] = Counter()
    count = 0
    for some in split_into_chunks(texts, _AT_ONCE):
        count += len(some)
        for tokens in tokenizer(list(some), verbose=False)["input_ids"]:
            having.update(set(tokens))
    found = np.array([having[token] for token in range(len(tokenizer))], np.float64)
    return 1 + np.log((1 + count) / (1 + found))
