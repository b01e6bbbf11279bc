"""Decoder-only models as generators: random ones of the architectures that people use."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.core.documents import Document
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.generators import open_generator, strip_thoughts
from corpus_tuner.generation.generators.causal import Settings
from corpus_tuner.generation.models.engine import Request
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl

ASK = Instruction("question", "en", "What does it answer? {title} {text}", "Be brief.")
READINGS = [
    EncodedDocument(Document(document["_id"], "", document["text"]))
    for document in make_documents(4)
]
QWEN = (
    "{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] "
    "{% if enable_thinking is defined and not enable_thinking %}quiet {% endif %}{% endif %}"
)
GEMMA = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{% for message in messages %}<{{ message.role }}> {{ message.content }}\n{% endfor %}<model>"
)
KINDS = ("Qwen3", "Llama", "Gemma3Text")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> dict[str, Path]:
    """A random model of every kind."""
    return {kind: make_model(tmp_path_factory.mktemp(kind), kind, tokenizer) for kind in KINDS}


def make_model(folder: Path, kind: str, tokenizer: Any, **more: Any) -> Path:
    """Save a random model of an architecture of transformers, and return its folder."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=512,
        initializer_range=0.2,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        **more,
    )
    getattr(transformers, f"{kind.removesuffix('Text')}ForCausalLM")(config).save_pretrained(folder)
    copy = type(tokenizer).from_pretrained(_saved(tokenizer, folder))
    copy.chat_template = {"Qwen3": QWEN, "Gemma3Text": GEMMA}.get(kind)
    copy.save_pretrained(folder)
    return folder


def _saved(tokenizer: Any, folder: Path) -> Path:
    tokenizer.save_pretrained(folder)
    return folder


def opened(folder: Path, **values: Any) -> Any:
    values = {"max_new_tokens": 12, "stop": (), **values}
    settings = Settings(model=str(folder), **values)
    return open_generator(settings, encoder=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_the_likeliest_answer_is_that_of_the_library(models: dict[str, Path], kind: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    generator = opened(models[kind], decoding="beam", engine="transformers")
    written = generator.generate(READINGS, ASK)
    model = AutoModelForCausalLM.from_pretrained(models[kind], dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(models[kind])
    for reading, own in zip(READINGS, written, strict=True):
        prompt = generator._tokens(reading.document, ASK)
        answer = model.generate(torch.tensor([prompt]), max_new_tokens=12, do_sample=False)
        text = tokenizer.decode(answer[0, len(prompt) :], skip_special_tokens=True)
        assert own.texts == ((" ".join(text.split()),) if text.strip() else ())


@pytest.mark.parametrize("kind", KINDS)
def test_samples_depend_on_the_document_alone(models: dict[str, Path], kind: str) -> None:
    generator = opened(models[kind], outputs=3, temperature=2.0)
    together = generator.generate(READINGS, ASK)
    assert generator.generate(READINGS[::-1], ASK) == together[::-1]
    assert generator.generate(READINGS[:1], ASK) == together[:1]
    assert len(together[0].texts) > 1
    assert opened(models[kind], outputs=3, temperature=2.0, seed=1).generate(READINGS, ASK) != (
        together
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("decoding", ["sampling", "beam"])
def test_padding_changes_nothing(models: dict[str, Path], kind: str, decoding: str) -> None:
    """As on a GPU, where prompts of unlike lengths share a pass."""
    chosen = {"decoding": decoding, "outputs": 2, "beams": 2, "engine": "transformers"}
    generator = opened(models[kind], **chosen)
    engine, how = generator._engine, generator._settings
    requests = [
        _request(generator, Document("d", "", "wheat " * count), number)
        for number, count in enumerate((1, 7, 3))
    ]
    alone = [answer for one in requests for answer in engine._answer([one], how)]
    together = engine._answer(requests, how)
    texts = [[generator._text(answer) for answer in some] for some in (alone, together)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("kind", KINDS)
def test_ctranslate2_writes_the_same(
    models: dict[str, Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The likeliest, in float32, that is: random models are too unsteady to compare otherwise."""
    for module in ("seq2seq_ctranslate2", "causal_ctranslate2"):
        monkeypatch.setattr(f"corpus_tuner.generation.models.{module}.COMPUTE", "float32")
    generator = opened(models[kind], decoding="beam")
    assert "ctranslate2" in generator.identity
    reference = opened(models[kind], decoding="beam", engine="transformers")
    assert generator.generate(READINGS, ASK) == reference.generate(READINGS, ASK)
    generator = opened(models[kind], decoding="beam", beams=3, outputs=2)
    written = generator.generate(READINGS, ASK)
    assert generator.generate(READINGS[::-1], ASK) == written[::-1]
    assert generator.generate(READINGS[:1], ASK) == written[:1]


def test_ctranslate2_does_not_sample(models: dict[str, Path]) -> None:
    assert "transformers" in opened(models["Qwen3"]).identity
    with pytest.raises(CorpusTunerError, match=r"generator\.decoding=beam"):
        opened(models["Qwen3"], engine="ctranslate2")


def _request(generator: Any, document: Document, seed: int) -> Any:
    return Request(generator._tokens(document, ASK), seed)


def test_prompts_are_as_the_model_takes_them(models: dict[str, Path]) -> None:
    document = Document("d", "", "the mill")

    def prompt(kind: str) -> str:
        generator = opened(models[kind])
        text: str = generator._tokenizer.decode(generator._tokens(document, ASK))
        return " ".join(text.split())

    assert "system" in prompt("Qwen3") and "quiet" in prompt("Qwen3")
    assert "system" not in prompt("Gemma3Text") and "be brief" in prompt("Gemma3Text").lower()
    assert "be brief" in prompt("Llama").lower()


def test_long_documents_are_cut_and_instructions_are_not(models: dict[str, Path]) -> None:
    generator = opened(models["Qwen3"], max_source_tokens=120)
    long = Document("d", "", "wheat and barley " * 200)
    tokens, cut = generator._prompt(long, ASK)
    assert cut and 100 < len(tokens) <= 125
    assert generator._tokenizer.decode(tokens[-12:]) == generator._tokenizer.decode(
        generator._tokens(long, ASK)[-12:]
    )
    short, long_written = generator.generate([READINGS[0], EncodedDocument(long)], ASK)
    assert (short.cut, long_written.cut) == (False, True)


def test_where_texts_end(models: dict[str, Path]) -> None:
    generator = opened(models["Qwen3"], stop=("?", "\n\n"))
    tokens = generator._tokenizer("why so? because", add_special_tokens=False)["input_ids"]
    assert generator._text(tokens).strip() == "why so"
    assert strip_thoughts("<think>hm</think>Why?") == "Why?"


def test_what_is_no_such_model(t5_folder: Path, tmp_path: Path) -> None:
    for folder in (t5_folder, tmp_path / "nothing"):
        with pytest.raises(CorpusTunerError, match=r"decoder-only model.*Qwen/Qwen3-1\.7B"):
            opened(folder)


@pytest.mark.slow
def test_from_every_stage_to_the_report(
    models: dict[str, Path], tmp_path: Path, run: Run, small: list[str]
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(6))
    index = tmp_path / "index"
    values = {"name": "causal", "model": str(models["Qwen3"]), "max_new_tokens": 8}
    built = run(
        *("build", corpus, "-o", index, *small, "--json"),
        *("--set", f"generator={json.dumps(values)}", "--set", "checks=[]"),
    )
    assert built.code == 0, built.err
    assert json.loads(built.out)["views"]["question"] > 0
    assert "causal " in run("info", index).out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "kind", "more"),
    [
        ("causal-qwen3-0.6b", "Qwen3", {}),
        ("causal-qwen3-1.7b", "Qwen3", {}),
        (
            "causal-granite-4",
            "GraniteMoeHybrid",
            {"num_local_experts": 0, "layer_types": ["attention"] * 2},
        ),
    ],
)
def test_recipes_of_decoders_run(
    recipe: str,
    kind: str,
    more: dict[str, Any],
    tokenizer: Any,
    tmp_path: Path,
    run: Run,
    encoder_folder: Path,
) -> None:
    """Random models of the same architectures stand for those of the hub."""
    model = make_model(tmp_path / "model", kind, tokenizer, **more)
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(6))
    values = {"generator.model": model, "generator.max_new_tokens": 6, "checks": "[duplicate]"}
    values |= {"encoder.name": encoder_folder, "language": "en"}
    changes = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    built = run("build", corpus, "-o", tmp_path / "index", "--config", recipe, *changes, "--json")
    assert built.code == 0, built.err
    assert json.loads(built.out)["written"] > 0


@pytest.mark.slow
def test_it_is_ablated(models: dict[str, Path], tmp_path: Path, run: Run, small: list[str]) -> None:
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    documents = make_documents(6)
    write_jsonl(folder / "corpus.jsonl", documents)
    write_jsonl(folder / "queries.jsonl", [{"_id": "q", "text": documents[0]["text"][:30]}])
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td0\t1\n")
    values = {"name": "causal", "model": str(models["Llama"]), "max_new_tokens": 8}
    generator = ("--set", f"generator={json.dumps(values)}", "--set", "checks=[duplicate]")
    done = run("eval", folder, "--ablate", "-o", tmp_path / "out", *small, *generator, "--json")
    assert done.code == 0, done.err
    systems = {row["system"] for row in json.loads(done.out)}
    assert {"views: own", "views: own, generated", "views: own, generated, checked"} <= systems
    assert not [name for name in systems if "tuned" in name]
