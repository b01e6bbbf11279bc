"""Any sentence-transformers model by itself: ``encoder:NAME``, a name of the hub or a folder."""

from corpus_tuner.core.progress import show_activity, track
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.eval.baselines import Setting
from corpus_tuner.eval.trec.runs import Leaders, Run, break_ties

_AT_ONCE = 256


class Baseline:
    """One vector for what the model reads of a document; brute force over all of them."""

    def __init__(self, argument: str) -> None:
        if not argument:
            raise CorpusTunerError("--baseline encoder needs a model: encoder:NAME")
        self._settings = EncoderSettings(name=argument)
        self.name = argument.rstrip("/").rpartition("/")[2]

    def identity(self, benchmark: str) -> str:
        """Return the settings of the encoder."""
        return self._settings.model_dump_json()

    def run(self, setting: Setting) -> Run:
        """Encode the documents as they stream by, and keep the best for every query."""
        corpus = setting.corpus
        with show_activity(f"opening the encoder ({self.name})"):
            encoder = open_encoder(self._settings)
            queries = encoder.encode_queries(list(setting.benchmark.queries.values()))
        leaders = [Leaders(setting.depth) for _ in queries]
        chunks = corpus.iterate_chunks(_AT_ONCE)
        for chunk in track(chunks, f"encoding ({self.name})", corpus.count, len):
            texts = [f"{document.title} {document.text}".strip() for document in chunk]
            scores = queries @ encoder.encode_documents(texts).T
            ids = [document.id for document in chunk]
            for best, row in zip(leaders, scores.round(6), strict=True):
                best.add(ids, row)
        return {
            query: break_ties(best.ranking())
            for query, best in zip(setting.benchmark.queries, leaders, strict=True)
        }
