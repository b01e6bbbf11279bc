"""Encoders that CTranslate2 runs: the same vectors, without PyTorch."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from corpus_tuner import Searcher, build, load_recipe
from corpus_tuner.core.cache import find_cached
from corpus_tuner.encoders import EncoderSettings, ctranslate2_encoder, embedded, open_encoder
from corpus_tuner.encoders.sentence_transformer import SentenceTransformerEncoder, load_model
from corpus_tuner.encoders.torch_model import TorchModel
from corpus_tuner.errors import SearchIndexError
from tests.conftest import make_documents, write_jsonl

QUERIES = ["", "wheat", "  The mill\tby the river ", "Ärzte, fever? 水 \x07", "a long query " * 50]


def make(folder: Path, tokenizer: Any, kind: str, pooling: str, pad: str = "torque") -> Path:
    """Make a random encoder; `pad` is a token from whose id RoBERTa counts positions."""
    import torch
    import transformers
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    sizes: dict[str, int] = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 800,
    }
    if kind == "DistilBert":
        sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.convert_tokens_to_ids(pad), **sizes
    )
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder / "body")
    tokenizer.save_pretrained(folder / "body")
    modules = [
        Transformer(str(folder / "body"), max_seq_length=48),
        Pooling(32, pooling_mode=pooling),
    ]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "model"))
    return folder / "model"


def theirs(model: Path, prompt: str = "") -> Any:
    encoder = SentenceTransformer(str(model), device="cpu")
    return encoder.encode([prompt + query for query in QUERIES], normalize_embeddings=True)


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("kind", ["Bert", "Camembert", "DistilBert", "Roberta", "XLMRoberta"])
def test_the_same_vectors(tmp_path: Path, tokenizer: Any, kind: str, pooling: str) -> None:
    model = make(tmp_path, tokenizer, kind, pooling)
    settings = EncoderSettings(name=str(model), query_prompt="river: ")
    whole = open_encoder(settings)
    vectors = whole.encode_queries(QUERIES)
    np.testing.assert_allclose(vectors, theirs(model, "river: "), atol=1e-5)
    quick = ctranslate2_encoder.find_query_encoder(settings, whole.fingerprint)
    assert quick
    assert (quick.name, quick.dimension) == (str(model), 32)
    assert np.array_equal(quick.encode_queries(QUERIES), vectors)
    assert quick.encode_queries([]).shape == (0, 32)
    with pytest.raises(SearchIndexError, match="for queries only"):
        quick.encode_documents(QUERIES)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_first_dimensions(tmp_path: Path, tokenizer: Any, pooling: str) -> None:
    model = make(tmp_path, tokenizer, "Bert", pooling)
    reference = SentenceTransformer(str(model), device="cpu", truncate_dim=8)
    expected = reference.encode(QUERIES, normalize_embeddings=True)
    settings = EncoderSettings(name=str(model), dimensions=8, dtype="float32")
    loaded = SentenceTransformerEncoder(settings)
    assert loaded.dimension == 8
    assert loaded.encode_queries(QUERIES) == pytest.approx(expected, abs=1e-5)
    assert loaded.encode_documents(QUERIES) == pytest.approx(expected, abs=1e-5)
    fast = ctranslate2_encoder.find_encoder(settings, loaded.fingerprint)
    assert fast is not None
    assert fast.encode_queries(QUERIES) == pytest.approx(expected, abs=1e-5)
    assert (
        loaded.fingerprint
        != SentenceTransformerEncoder(EncoderSettings(name=str(model))).fingerprint
    )
    for name in (str(model), "builtin"):
        with pytest.raises(SearchIndexError, match=r"encoder\.dimensions is 999, and the vectors"):
            open_encoder(EncoderSettings(name=name, dimensions=999))


@pytest.mark.parametrize("dtype", ["auto", "float32"])
def test_documents_are_read_alike(tmp_path: Path, tokenizer: Any, dtype: str) -> None:
    model = make(tmp_path, tokenizer, "Bert", "mean")
    settings = EncoderSettings.model_validate(
        {"name": str(model), "query_prompt": "river: ", "dtype": dtype, "max_tokens": 40}
    )
    whole = open_encoder(settings)
    texts = [*QUERIES, "  wheat"]
    spans = [[(0, 5), (2, 9)]] * len(texts)
    vectors = whole.encode_spans(texts, spans)
    quick = open_encoder(settings, whole.fingerprint)
    assert isinstance(quick, ctranslate2_encoder.CTranslate2Encoder)
    assert np.array_equal(np.concatenate(quick.encode_spans(texts, spans)), np.concatenate(vectors))
    assert np.array_equal(quick.encode_documents(texts), whole.encode_documents(texts))
    assert quick.count_tokens(texts) == whole.count_tokens(texts)
    assert quick.find_token_ends(QUERIES[3]) == whole.find_token_ends(QUERIES[3])
    for name in ("max_tokens", "symmetric", "pools_spans", "dimension", "fingerprint"):
        assert getattr(quick, name) == getattr(whole, name)


def test_weighted_tokens(tmp_path: Path, tokenizer: Any) -> None:
    from sentence_transformers.sentence_transformer.modules import Normalize, WordWeights

    model = make(tmp_path, tokenizer, "Bert", "mean")
    parts = list(SentenceTransformer(str(model), device="cpu"))
    names = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    weights = dict(zip(names, np.random.default_rng(0).uniform(0, 5, len(names)), strict=True))
    weighted = tmp_path / "weighted"
    modules = [parts[0], WordWeights(names, weights), parts[1], Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(weighted))
    settings = EncoderSettings(name=str(weighted), query_prompt="river: ", dtype="float32")
    whole = SentenceTransformerEncoder(settings.model_copy(update={"device": "cpu"}))
    plain = SentenceTransformerEncoder(settings.model_copy(update={"name": str(model)}))
    assert whole.fingerprint != plain.fingerprint
    assert whole.pools_spans
    expected = theirs(weighted, "river: ")
    quick = ctranslate2_encoder.find_encoder(settings, whole.fingerprint)
    assert quick is None  # not before it has read
    np.testing.assert_allclose(whole.encode_queries(QUERIES), expected, atol=1e-5)
    whole.encode_documents(QUERIES)
    quick = ctranslate2_encoder.find_encoder(settings, whole.fingerprint)
    assert quick is not None
    np.testing.assert_allclose(quick.encode_queries(QUERIES), expected, atol=1e-5)
    spans = [[(0, 5), (2, 9)]] * len(QUERIES)
    reader = TorchModel(load_model(settings), "", "float32", 8)
    for ours, reference in zip(
        quick.encode_spans(QUERIES, spans), reader.encode(QUERIES, spans), strict=True
    ):
        reference /= np.linalg.norm(reference, axis=1, keepdims=True)
        np.testing.assert_allclose(ours, reference, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"query_prompt": "a: ", "max_tokens": 30}])
def test_the_embedded_encoder_is_converted_without_pytorch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path))
    settings = EncoderSettings.model_validate({"name": "builtin", "dtype": "float32", **changes})
    encoder = open_encoder(settings)
    assert isinstance(encoder, ctranslate2_encoder.CTranslate2Encoder)
    reference = SentenceTransformerEncoder(settings.model_copy(update={"device": "cpu"}))
    assert encoder.fingerprint == reference.fingerprint
    assert encoder.max_tokens == reference.max_tokens
    assert encoder.pools_spans == reference.pools_spans
    assert encoder.symmetric == reference.symmetric
    original = SentenceTransformer(str(embedded.get_folder()), device="cpu")
    original.max_seq_length = changes.get("max_tokens", original.max_seq_length)
    prompted = [changes.get("query_prompt", "") + query for query in QUERIES]
    for ours, theirs in (
        (encoder.encode_queries(QUERIES), original.encode(prompted)),
        (encoder.encode_documents(QUERIES), original.encode(QUERIES)),
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_limits_of_the_embedded_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path))
    with pytest.raises(SearchIndexError, match="512 positions"):
        open_encoder(EncoderSettings(max_tokens=513))
    with pytest.raises(SearchIndexError, match="only 3 tokens"):
        open_encoder(EncoderSettings(max_tokens=5))
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    ("kind", "pooling", "pad"),
    [
        ("Bert", "max", "torque"),  # another pooling
        ("MPNet", "mean", "torque"),  # another transformer
        ("Roberta", "mean", "[PAD]"),  # its positions are taken for others
    ],
)
def test_what_would_not_be_the_same_is_not_used(
    tmp_path: Path, tokenizer: Any, kind: str, pooling: str, pad: str
) -> None:
    model = make(tmp_path, tokenizer, kind, pooling, pad)
    settings = EncoderSettings(name=str(model))
    for _ in range(2):
        whole = open_encoder(settings)
        np.testing.assert_allclose(whole.encode_queries(QUERIES), theirs(model), atol=1e-5)
        assert ctranslate2_encoder.find_query_encoder(settings, whole.fingerprint) is None


def test_a_device_that_is_named_reads_the_queries(encoder_folder: Path) -> None:
    whole = open_encoder(EncoderSettings(name=str(encoder_folder)))
    whole.encode_queries(QUERIES)
    name = str(encoder_folder)
    assert ctranslate2_encoder.find_query_encoder(
        EncoderSettings(name=name, device="cpu"), whole.fingerprint
    )
    assert (
        ctranslate2_encoder.find_query_encoder(
            EncoderSettings(name=name, device="cuda"), whole.fingerprint
        )
        is None
    )


def test_a_damaged_copy_is_made_again(tmp_path: Path, tokenizer: Any) -> None:
    settings = EncoderSettings(name=str(make(tmp_path, tokenizer, "Bert", "mean")))
    whole = open_encoder(settings)
    vectors = whole.encode_queries(QUERIES)
    folder = find_cached(
        ctranslate2_encoder.get_export_name(settings.name, whole.fingerprint, "float32")
    )
    assert folder
    weights = folder / "model.bin"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    assert ctranslate2_encoder.find_query_encoder(settings, whole.fingerprint) is None
    assert np.array_equal(open_encoder(settings).encode_queries(QUERIES), vectors)
    assert ctranslate2_encoder.find_query_encoder(settings, whole.fingerprint)


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CORPUS_TUNER_CACHE", str(tmp_path / "file"))
    vectors = open_encoder(EncoderSettings(name=str(encoder_folder))).encode_queries(QUERIES)
    np.testing.assert_allclose(vectors, theirs(encoder_folder), atol=1e-5)


def test_searching_loads_no_pytorch(tmp_path: Path, encoder_folder: Path) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(20))
    chosen = [f"encoder.name={encoder_folder}", "generator=null", "language=en"]
    build(corpus, tmp_path / "i", load_recipe(None, chosen))
    with Searcher.open(tmp_path / "i") as searcher:
        (expected,) = searcher.rank(["the mill"], 3)
    program = (
        "import sys\n"
        "from corpus_tuner import Searcher\n"
        "with Searcher.open(sys.argv[1]) as searcher:\n"
        "    print(*searcher.rank(['the mill'], 3))\n"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "i")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True)
    assert printed.stdout.strip() == str(expected)
