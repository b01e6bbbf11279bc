"""Decoder-only models as generators: random ones of the architectures that people use."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner.core.documents import Document
from corpus_tuner.errors import CorpusTunerError
from corpus_tuner.generation.generators import strip_thoughts
from corpus_tuner.text.document_encoding import EncodedDocument
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl
from tests.generation.decoders import ASK, READINGS, make_model, open_causal


def test_long_documents_are_counted(models: dict[str, Path]) -> None:
    generator = open_causal(models["Qwen3"], max_source_tokens=120)
    long = EncodedDocument(Document("d", "", "wheat and barley " * 200))
    short, long_written = generator.generate([READINGS[0], long], ASK)
    assert (short.cut, long_written.cut) == (False, True)


def test_where_texts_end(models: dict[str, Path]) -> None:
    generator = open_causal(models["Qwen3"], stop=("?", "\n\n"))
    tokens = generator._tokenizer("why so? because", add_special_tokens=False)["input_ids"]
    assert generator._read_answer(tokens).strip() == "why so"
    assert strip_thoughts("<think>hm</think>Why?") == "Why?"


def test_what_is_no_such_model(t5_folder: Path, tmp_path: Path) -> None:
    for folder in (t5_folder, tmp_path / "nothing"):
        with pytest.raises(CorpusTunerError, match=r"decoder-only model.*Qwen/Qwen3-1\.7B"):
            open_causal(folder)


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
    done = run(
        "eval",
        folder,
        "--ablate",
        "--no-tune",
        "-o",
        tmp_path / "out",
        *small,
        *generator,
        "--json",
    )
    assert done.code == 0, done.err
    systems = {row["system"] for row in json.loads(done.out)}
    assert {"views: own", "views: own, generated", "views: own, generated, checked"} <= systems
    assert not [name for name in systems if "tuned" in name]
