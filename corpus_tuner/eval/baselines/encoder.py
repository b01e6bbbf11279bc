"""Dense search with any sentence-transformers model: ``encoder:NAME``, a hub name or a folder."""

from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.baselines import BaselineInput
from corpus_tuner.eval.trec.runs import Ranking, Run, break_ties, keep_best

_CHUNK = 256


class Baseline:
    """Dense search with one vector per document, over all documents."""

    def __init__(self, argument: str) -> None:
        if not argument:
            raise CorpusTunerError("--baseline encoder needs a model: encoder:NAME")
        self._settings = EncoderSettings(name=argument)
        self.name = argument.rstrip("/").rpartition("/")[2]

    def identity(self, benchmark: str) -> str:
        """Return the settings of the encoder."""
        return self._settings.model_dump_json()

    def run(self, given: BaselineInput) -> Run:
        """Encode the documents in chunks, and rank them for every query."""
        corpus = given.corpus
        with show_activity(f"opening the encoder ({self.name})"):
            encoder = open_encoder(self._settings)
            queries = encoder.encode_queries(list(given.benchmark.queries.values()))
        rankings: list[Ranking] = [[] for _ in queries]
        chunks = corpus.iterate_chunks(_CHUNK)
        for chunk in track(chunks, f"encoding ({self.name})", corpus.count, len):
            texts = [f"{document.title} {document.text}".strip() for document in chunk]
            scores = (queries @ encoder.encode_documents(texts).T).round(6)
            ids = [document.id for document in chunk]
            rankings = [
                keep_best(ranking, ids, row.tolist(), given.depth)
                for ranking, row in zip(rankings, scores, strict=True)
            ]
        return {
            query: break_ties(ranking)
            for query, ranking in zip(given.benchmark.queries, rankings, strict=True)
        }
