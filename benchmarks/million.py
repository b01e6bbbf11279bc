"""One million documents, searched by every engine of vectors."""

import argparse
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.recombined import Source, read_sources, recombined
from corpus_tuner.indexes.chunks import chunks
from corpus_tuner.indexes.encoders import Encoder, EncoderSettings, open_encoder

FILES = ("arxiv-title-en.jsonl.gz", "gesetze-title-de.jsonl.gz")
AT_ONCE = 256  # documents


def encode(
    file: Path, sources: Sequence[Source], encoder: Encoder, most: int, minutes: float
) -> int:
    """Encode documents for so many minutes, going on behind what is in the file; return how many.

    Parameters
    ----------
    file
        float16, one vector after the other.
    sources
        Of the documents.
    encoder
        Reads them.
    most
        No more than so many.
    minutes
        What is there already does not count.
    """
    file.touch()
    size = 2 * encoder.dimension
    done = file.stat().st_size // (size * AT_ONCE) * AT_ONCE
    with file.open("rb+") as vectors:
        vectors.truncate(done * size)
        vectors.seek(0, 2)
        until = time.monotonic() + 60 * minutes
        for some in chunks(islice(recombined(sources), done, most), AT_ONCE):
            if time.monotonic() > until:
                break
            texts = [f"{one.title} {one.text}".strip() for one in some]
            vectors.write(encoder.encode_documents(texts).astype(np.float16).tobytes())
            vectors.flush()
            done += len(some)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("training", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=60)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    sources = read_sources([chosen.training / name for name in FILES])
    encoder = open_encoder(EncoderSettings(name="builtin"))
    print(encode(chosen.folder / "true.f16", sources, encoder, chosen.documents, chosen.minutes))


if __name__ == "__main__":
    main()
