"""Tuning a generator: what it reads, that it learns, that it survives a kill."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import CorpusTunerError, Document
from corpus_tuner.config.generator_tuning import GeneratorTuningSettings
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.tuning.generator.batches import Example, make_epoch
from corpus_tuner.tuning.generator.losses import compute_rouge_l
from corpus_tuner.tuning.generator.pairs import Pair, read_pairs, split_pairs
from tests.conftest import make_documents, write_jsonl
from tests.fault_injection import start_command, wait_for_exit

FAST = [
    *("--set", "steps=24"),
    *("--set", "evaluate_every=6"),
    *("--set", "batch_size=4"),
    *("--set", "accumulate=2"),
    *("--set", "learning_rate=0.01"),
    *("--set", "warmup=2"),
    *("--set", "max_target_tokens=8"),
    *("--set", "dtype=float32"),
]
STATES = "checkpoint/*/checkpoint-*/trainer_state.json"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Titles that are the first two words of their text, and keywords that are its last."""
    records = []
    for record in make_documents(60):
        words = record["text"].split()
        for task, target in (("title", words[:2]), ("keywords", words[-2:])):
            pair = {"task": task, "language": "en", "source": record["text"]}
            records.append({**pair, "target": " ".join(target)})
    return write_jsonl(tmp_path_factory.mktemp("pairs") / "pairs.jsonl", records)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"task": "poem", "language": "en", "source": "a", "target": "b"}', "'task': 'poem'"),
        ('{"task": "title", "language": "en", "source": "a", "target": " "}', "'target'"),
        ('{"task": "title", "language": "en", "source": 3, "target": "b"}', "'source'"),
        ('{"task": "title"', "broken JSON"),
    ],
)
def test_bad_pairs_are_named_by_line(line: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    good = '{"task": "title", "language": "en", "source": "a", "target": "b"}'
    file.write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusTunerError, match=message) as raised:
        list(read_pairs(file))
    assert "pairs.jsonl:2" in str(raised.value)


def _pair(document: int, kind: str, target: str = "a") -> Pair:
    return Pair(Document("", "", f"text {document}"), Instruction(kind, "en", "{text}"), target)


@given(
    documents=st.integers(20, 80),
    most=st.integers(60, 200),
    seed=st.integers(0, 5),
    twice=st.booleans(),
)
def test_no_document_is_in_two_parts(documents: int, most: int, seed: int, twice: bool) -> None:
    pairs = [_pair(number, kind) for number in range(documents) for kind in ("title", "question")]
    if twice:
        pairs += pairs
    split = split_pairs(pairs, 5, 5, most, seed)
    parts = [{pair.document.text for pair in part} for part in split]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert sum(map(len, split)) == min(2 * documents, most)
    assert split == split_pairs(reversed(pairs), 5, 5, most, seed)


def test_too_few_pairs() -> None:
    with pytest.raises(CorpusTunerError, match="too few"):
        split_pairs([_pair(number, "title") for number in range(19)], 5, 5, 100, 0)


@given(
    sizes=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 60), min_size=1),
    balance=st.floats(0, 1),
    number=st.integers(0, 3),
)
def test_an_epoch_shares_its_pairs_by_balance(
    sizes: dict[str, int], balance: float, number: int
) -> None:
    import numpy as np

    tokens = np.arange(3, dtype=np.int32)
    examples = [Example(name, tokens, tokens) for name, size in sizes.items() for _ in range(size)]
    settings = GeneratorTuningSettings(batch_size=4)
    with patch.object(GeneratorTuningSettings, "balance", balance):
        batches = make_epoch(examples, settings, number)
        assert batches == make_epoch(examples, settings, number)
    drawn = [examples[index].group for batch in batches for index in batch]
    weights = {name: size**balance for name, size in sizes.items()}
    for name, weight in weights.items():
        share = len(examples) * weight / sum(weights.values())
        assert abs(drawn.count(name) - share) <= 1


def test_rouge_l_is_of_words_without_case_and_accents() -> None:
    assert compute_rouge_l(["Die Mühle am Fluß"], ["die muhle am fluss"]) == pytest.approx(1)
    # The longest common subsequence is "a c": precision 2/2, recall 2/4.
    assert compute_rouge_l(["a b c d"], ["a c"]) == pytest.approx(2 / 3)
    assert compute_rouge_l(["a", "b"], ["a", "x"]) == pytest.approx(0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("bart_folder", []),
        ("t5_folder", []),
        ("t5_folder", ["--set", "method=lora"]),
    ],
)
def test_a_tuned_model_has_learnt(
    model: str,
    options: list[str],
    request: pytest.FixtureRequest,
    run: Callable[..., Any],
    pairs: Path,
    tmp_path: Path,
) -> None:
    from corpus_tuner.generation.models import Source, load_model

    base = request.getfixturevalue(model)
    output = tmp_path / "tuned"
    command = ["tune", "generator", "--base", base, "-o", output, "--pairs", pairs, *FAST, *options]
    done = run(*command, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    rows = [json.loads(line) for line in (output / "curve.jsonl").read_text().splitlines()]
    looks = [row for row in rows if "dev" in row]
    assert [look["step"] for look in looks] == [6, 12, 18, 24]
    assert looks[-1]["loss"] < looks[0]["loss"]
    assert report["pairs"] == {"keywords-en": 54, "title-en": 54}
    assert set(report["test_rouge_l"]) == {"keywords-en", "title-en"}
    assert "<svg" in (output / "curve.svg").read_text()
    card = (output / "README.md").read_text()
    assert "pairs.jsonl" in card and "| title-en | 54 |" in card
    tuned, _ = load_model(Source(str(output)))
    before, _ = load_model(Source(str(base)))
    after = dict(tuned.get_encoder().named_parameters())
    read = dict(before.get_encoder().named_parameters())
    assert read.keys() == after.keys()
    changed = {name for name in read if not torch.equal(read[name], after[name])}
    layers = {name for name in read if "embed" not in name and name.endswith("weight")}
    assert layers
    if "method=lora" in options:
        assert changed and all(name.split(".")[-2] in ("q", "v") for name in changed)
    else:
        assert layers <= changed
    again = run(*command, "--json")
    assert json.loads(again.out) == report
    assert "another tuning" in run(*command, "--set", "seed=3").err


@pytest.mark.slow
def test_a_killed_tuning_goes_on_along_the_same_curve(
    bart_folder: Path, pairs: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    command = ["tune", "generator", "--base", bart_folder, "--pairs", pairs, *FAST]
    command += ["--set", "steps=60"]
    assert wait_for_exit(start_command(*command, "-o", whole)) == 0
    process = start_command(*command, "-o", killed)
    while not list(killed.glob(STATES)) and process.is_alive():
        time.sleep(0.01)
    process.kill()
    assert wait_for_exit(process) == -signal.SIGKILL
    assert not (killed / "model.safetensors").exists()
    assert wait_for_exit(start_command(*command, "-o", killed)) == 0
    assert (killed / "curve.jsonl").read_bytes() == (whole / "curve.jsonl").read_bytes()
    weights = [(folder / "model.safetensors").read_bytes() for folder in (whole, killed)]
    assert weights[0] == weights[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ["steps=20"],  # the last look is not a multiple of `evaluate_every`
        ["learning_rate=0.2", "warmup=0", "patience=1"],  # stops early
        ["method=lora"],
    ],
)
def test_a_tuning_killed_near_its_end_gives_the_same(
    options: list[str], run: Callable[..., Any], t5_folder: Path, pairs: Path, tmp_path: Path
) -> None:
    output = tmp_path / "tuned"
    command = ["tune", "generator", "--base", t5_folder, "-o", output, "--pairs", pairs, *FAST]
    command += [word for option in options for word in ("--set", option)]

    def files() -> list[bytes]:
        assert run(*command).code == 0
        return [(output / name).read_bytes() for name in ("curve.jsonl", "model.safetensors")]

    whole = files()
    for written in ('{"best_metric": ', None):  # half a state, then killed while measuring
        (output / "tuning.json").unlink()
        (output / "model.safetensors").unlink()
        if written:
            last = max(output.glob(STATES), key=lambda file: int(file.parent.name.split("-")[1]))
            last.write_text(written, encoding="utf-8")
        assert files() == whole


@pytest.mark.slow
def test_a_training_can_be_lengthened(
    run: Callable[..., Any],
    t5_folder: Path,
    pairs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = ["tune", "generator", "--base", t5_folder, "--pairs", pairs, *FAST]
    monkeypatch.setattr(GeneratorTuningSettings, "cooldown", 0.0)
    for steps, folder in ((12, "long"), (24, "long"), (24, "whole")):
        done = run(*command, "-o", tmp_path / folder, "--set", f"steps={steps}")
        assert done.code == 0, done.err
    for name in ("curve.jsonl", "model.safetensors"):
        assert (tmp_path / "long" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.slow
def test_a_checkpoint_of_another_training_is_refused(
    run: Callable[..., Any], t5_folder: Path, pairs: Path, tmp_path: Path
) -> None:
    command = ["tune", "generator", "--base", t5_folder, "-o", tmp_path, "--pairs", pairs, *FAST]
    assert run(*command).code == 0
    (tmp_path / "tuning.json").unlink()
    other = run(*command, "--set", "seed=3")
    assert other.code == 2 and "another training" in other.err
    assert run(*command).code == 0


def test_user_errors(
    run: Callable[..., Any], bart_folder: Path, pairs: Path, tmp_path: Path
) -> None:
    command = ["tune", "generator", "--base", bart_folder, "-o", tmp_path / "out"]
    assert run(*command).code == 2
    missing = run(*command, "--pairs", tmp_path / "none.jsonl")
    assert missing.code == 2 and "none.jsonl" in missing.err and "Traceback" not in missing.err
    wrong = run(*command, "--pairs", pairs, "--set", "step=3")
    assert wrong.code == 2 and "'steps'" in wrong.err


@pytest.mark.slow
def test_the_papers_recipe_runs_through_every_stage(
    t5_folder: Path, tmp_path: Path, run: Callable[..., Any]
) -> None:
    """A random T5 stands for FLAN-T5: as generator, tuned on its own writing, and as encoder."""
    corpus = write_jsonl(tmp_path / "corpus.jsonl", make_documents(24))
    recipe = [
        *("--config", "configs/paper-flan-t5-base.yaml"),
        *("--set", f"encoder.name={t5_folder}", "--set", f"generator.model={t5_folder}"),
        *("--set", "generator.max_new_tokens=6", "--set", "encoder.max_tokens=64"),
        *("--set", "checks=[duplicate, {name: round_trip, top: 20}]"),
    ]
    tuned = tmp_path / "tuned"
    command = ["tune", "generator", corpus, "--base", t5_folder, "-o", tuned, *recipe, *FAST]
    done = run(*command, "--set", "rounds=2", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert set(report["pairs"]) == {"keywords-en", "question-en"}
    assert (tuned / "round-1" / "model.safetensors").is_file()
    assert "that `" in (tuned / "README.md").read_text()

    index = tmp_path / "index"
    done = run("build", corpus, "-o", index, *recipe, "--set", f"generator.model={tuned}", "--json")
    assert done.code == 0, done.err
    built = json.loads(done.out)
    assert built["documents"] == 24
    assert built["written"] == sum(built["rejected"].values()) + built["views"].get(
        "question", 0
    ) + built["views"].get("keywords", 0)
    found = run("search", index, "river mill", "--json")
    assert json.loads(found.out)["hits"]
