"""New words for an encoder: pieces of the corpus's own that its vocabulary lacks.

A word that falls into many pieces says little to a model, and takes the room of others. The vector
of a new piece begins as the mean of those of the pieces that it was made of before; what it comes
to mean is learnt. Only vocabularies of word pieces (Schuster and Nakajima, ICASSP 2012) can be
added to.
"""

import json
from collections.abc import Iterable
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.trainers import WordPieceTrainer

from corpus_tuner.errors import CorpusTunerError

_CONTINUES = "##"
_LEAST_SEEN = 3  # times that a piece must be there


def add_pieces(model: SentenceTransformer, texts: Iterable[str], most: int) -> int:
    """Add pieces of texts to the vocabulary of a model, in place, and tell how many.

    Parameters
    ----------
    model
        One whose tokenizer has word pieces.
    texts
        Of the corpus.
    most
        So many pieces are learnt; those that the vocabulary has are not added again.

    Raises
    ------
    CorpusTunerError
        If the tokenizer is of another kind.
    """
    tokenizer: Any = model.tokenizer
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    if spec["model"]["type"] != "WordPiece":
        raise CorpusTunerError(
            "encoder_tuning.pieces: the encoder's vocabulary is of "
            f"{spec['model']['type']}, and only WordPiece can be added to"
        )
    known: dict[str, int] = spec["model"]["vocab"]
    new = [piece for piece in _learnt(tokenizer, texts, most) if piece not in known]
    parts = [_parts(piece, known) for piece in new]
    for piece in new:
        known[piece] = len(known)
    tokenizer._tokenizer = Tokenizer.from_str(json.dumps(spec))
    _extend(model[0].auto_model, parts)
    return len(new)


def _learnt(tokenizer: Any, texts: Iterable[str], most: int) -> list[str]:
    """Return the pieces of texts, the most useful first."""
    empty = Tokenizer(WordPiece(unk_token="[UNK]"))
    empty.normalizer = tokenizer.backend_tokenizer.normalizer
    empty.pre_tokenizer = tokenizer.backend_tokenizer.pre_tokenizer
    trainer = WordPieceTrainer(
        vocab_size=most, min_frequency=_LEAST_SEEN, special_tokens=["[UNK]"], show_progress=False
    )
    empty.train_from_iterator(texts, trainer)
    vocabulary = empty.get_vocab()
    ordered = sorted(vocabulary, key=lambda piece: vocabulary[piece])
    return [piece for piece in ordered[1:] if len(piece.removeprefix(_CONTINUES)) > 1]


def _parts(piece: str, known: dict[str, int]) -> list[int]:
    """Return the old pieces of a new one: the longest that fits, again and again."""
    begins = "" if not piece.startswith(_CONTINUES) else _CONTINUES
    letters = piece.removeprefix(_CONTINUES)
    found: list[int] = []
    start = 0
    while start < len(letters):
        for end in range(len(letters), start, -1):
            part = f"{begins if start == 0 else _CONTINUES}{letters[start:end]}"
            if part in known:
                found.append(known[part])
                start = end
                break
        else:
            return [known.get("[UNK]", 0)]
    return found


def _extend(body: Any, parts: list[list[int]]) -> None:
    old = body.get_input_embeddings()
    rows = torch.stack([old.weight.data[part].mean(dim=0) for part in parts])
    new = torch.nn.Embedding(
        len(old.weight) + len(rows), old.weight.shape[1], padding_idx=old.padding_idx
    )
    new.weight.data = torch.cat([old.weight.data, rows])
    body.set_input_embeddings(new)
    body.config.vocab_size = len(new.weight)
