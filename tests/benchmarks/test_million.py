"""Indexes of any number of documents with noisy copies of vectors."""

from pathlib import Path

import numpy as np

from benchmarks.million import Recombined, write_index
from benchmarks.recombined import Source
from corpus_tuner import Searcher
from corpus_tuner.encoders import EncoderSettings, open_encoder


def test_an_index_with_more_documents_than_vectors_is_searched(
    tmp_path: Path, encoder_folder: Path
) -> None:
    encoder = open_encoder(EncoderSettings(name=str(encoder_folder)))
    sentences = ["The mill grinds wheat.", "A farmer bakes bread.", "The river turns the wheel."]
    sources = [Source(f"Title {number}", sentences, "en mill") for number in range(6)]
    vectors = encoder.encode_documents(sentences).astype(np.float16)
    write_index(tmp_path / "index", Recombined(sources, vectors, 20), encoder)
    with Searcher.open(tmp_path / "index") as searcher:
        assert searcher.manifest.documents == 20
        hits = searcher.search(sentences[0], k=20, mode="dense")
        assert len({hit.document.id for hit in hits}) == 20
        assert len({hit.score for hit in hits}) == 20  # no copy is the same as another
