"""Query likelihood of the generator as a reranker (Sachan et al., arXiv 2204.07496).

The score of a document is the mean log-probability of the query's tokens as the answer to "Write a
question that this text answers"; it is normalized over the first documents and added.
"""

import random
import time
from collections.abc import Iterator, Sequence

import ctranslate2
import numpy as np

from benchmarks.scored_collection import MEASURE, ScoredCollection, fuse
from corpus_tuner.core.documents import Document
from corpus_tuner.core.progress import track
from corpus_tuner.encoders import Vectors
from corpus_tuner.eval.trec.measures import QueryValues, measure_queries
from corpus_tuner.generation.models.chat import ChatPrompts
from corpus_tuner.generation.models.ctranslate2_engines import find_converted
from corpus_tuner.generation.prompts import load_instructions
from corpus_tuner.indexes.search.reranking import weigh_reranker

FIRST = 10
MOST_QUERIES = 50
WEIGHTS = (0.02, 0.05, 0.1, 0.2, 0.4)
_MOST_TOKENS = 320


class QueryLikelihood:
    """A decoder-only model in CTranslate2, as `generator: causal` runs it.

    Parameters
    ----------
    digest
        Hash of the model, by which its conversion is found.
    """

    def __init__(self, digest: str) -> None:
        found = find_converted(digest)
        assert found, "the model is not converted: generate questions with it first"
        folder, self._tokenizer = found
        self._prompts = ChatPrompts(self._tokenizer, _MOST_TOKENS)
        (self._instruction,) = load_instructions(("question",), "en")
        self._model = ctranslate2.Generator(str(folder), intra_threads=1)

    def score(self, query: str, documents: Sequence[Document]) -> Vectors:
        """Return the mean log-probability of a query's tokens, given each document."""
        answer = self._tokenizer(query, add_special_tokens=False)["input_ids"]
        prompts = [self._prompts.make(document, self._instruction)[0] for document in documents]
        names = self._tokenizer.convert_ids_to_tokens
        # One at a time: none is padded to the length of the others.
        scored = self._model.score_batch(
            [names(prompt + answer) for prompt in prompts], max_batch_size=1
        )
        return np.array([np.mean(one.log_probs[-len(answer) :]) for one in scored])


def measure_query_likelihood(
    collection: ScoredCollection, model: QueryLikelihood
) -> Iterator[tuple[str, QueryValues]]:
    """Yield the use as a reranker of the first documents, by weight; print its cost."""
    fused = [fuse(one, collection.weights) for one in collection.candidates]
    reranked, seconds = {}, []
    queries = [*collection.benchmark.queries.items()]
    # Those of one document follow one another.
    chosen = random.Random(0).sample(range(len(queries)), min(MOST_QUERIES, len(queries)))
    for number in track(chosen, "reranking", lambda: len(chosen)):
        scores, documents = fused[number], collection.candidates[number].documents
        first = np.argsort(-scores, kind="stable")[:FIRST]
        start = time.process_time()
        read = collection.searcher.segments.read_documents(documents[first])
        reranked[number] = np.full(len(scores), np.nan)
        reranked[number][first] = model.score(queries[number][1], read)
        seconds.append(time.process_time() - start)
    print(f"query likelihood: {1000 * np.median(seconds):.0f} ms of processor time per query")
    total = sum(collection.weights.values())
    ids = [queries[number][0] for number in chosen]
    judged = {query: collection.benchmark.qrels[query] for query in ids}
    for weight in WEIGHTS:

        def add(number: int, weight: float = weight) -> np.ndarray:
            if number not in reranked:
                return fused[number]
            part = weigh_reranker(reranked[number], weight * total, "zscore")
            return np.asarray(fused[number] + part.weighted)

        values = measure_queries(judged, collection.rank(add), [MEASURE])[MEASURE]
        yield f"query likelihood of the first {FIRST} = {weight}", values
