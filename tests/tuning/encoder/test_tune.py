"""Tuning an encoder, with a small real one."""

import json
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from corpus_tuner import load_recipe
from corpus_tuner.config.encoder_tuning import EncoderTuningSettings
from corpus_tuner.core.documents import Document, compute_digest
from corpus_tuner.core.languages import Languages
from corpus_tuner.encoders import EncoderSettings, open_encoder
from corpus_tuner.encoders.sentence_transformer import load_model
from corpus_tuner.text.passages import get_full_text
from corpus_tuner.tuning.encoder.held_out import HeldOutEvaluation, Retrieval, select_share
from corpus_tuner.tuning.encoder.losses import RankingLoss
from corpus_tuner.tuning.encoder.synthetic_queries import generate_queries
from corpus_tuner.tuning.encoder.teacher import cluster_topics
from tests.conftest import make_documents_with_topics, write_jsonl

FAST = {
    "steps": 6,
    "batch_size": 8,
    "mini_batch": 4,
    "held_out": 12,
    "learning_rate": 0.003,
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learnt")
    return write_jsonl(folder / "c.jsonl", make_documents_with_topics(60))


@pytest.fixture
def tune(run: Callable[..., Any], corpus: Path, encoder_folder: Path) -> Callable[..., Any]:
    def tune(output: Path, *more: object, **changes: object) -> Any:
        chosen = {**FAST, **changes}
        options = [f"{name}={value}" for name, value in chosen.items()]
        options += ["generator=null", "language=en", "calibrate=false"]
        recipe = [word for option in options for word in ("--set", option)]
        command = ("tune", "encoder", corpus, "-o", output, "--encoder", encoder_folder)
        return run(*command, *recipe, *more)

    return tune


@pytest.mark.slow
def test_it_leaves_an_encoder_and_says_whether_it_is_better(
    tune: Callable[..., Any], run: Callable[..., Any], corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "tuned"
    done = tune(output, "--json", topic_size=4)
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["steps"] == 6
    assert report["documents"] == 48
    verdict = report["verdict"]
    assert set(verdict["by_share"]) == {"0.0", "0.25", "0.5", "0.75", "1.0"}
    assert report["weighed"]
    assert all(0 <= mean <= 1 for mean in verdict["dense"])
    chosen = verdict["by_share"][str(verdict["share"])]
    assert verdict["better"] == (verdict["interval"][0] > 0 and chosen > verdict["base"])
    curve = [json.loads(line) for line in (output / "curve.jsonl").read_text().splitlines()]
    assert [row["step"] for row in curve if "loss" in row] == [1, 2, 3, 4, 5, 6]
    assert [row["step"] for row in curve if "ndcg" in row] == [2, 4, 6]
    card = (output / "README.md").read_text(encoding="utf-8")
    assert "c.jsonl" in card
    assert f"{100 * verdict['gain']:+.1f}" in card
    assert not list(output.glob("*.bin"))
    index = tmp_path / "index"
    options = ("--encoder", output, "--generator", "null", "--set", "language=en")
    assert run("build", corpus, "-o", index, *options).code == 0
    assert json.loads(run("info", index, "--json").out)["encoder"]["settings"]["name"] == str(
        output
    )
    again = tune(output, topic_size=4)  # is done: nothing is trained
    assert again.code == 0
    assert "by 24 queries of held-out documents" in " ".join(again.out.split())
    other = tune(output, seed=1)
    assert other.code == 2
    assert "has another tuning" in other.err


@pytest.mark.slow
def test_a_killed_tuning_ends_with_the_same_weights(
    tune: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    monkeypatch.setattr("corpus_tuner.tuning.encoder.tune._collect_garbage", lambda output: None)
    assert tune(whole).code == 0
    shutil.copytree(whole, killed)
    for file in ("tuning.json", "model.safetensors"):
        (killed / file).unlink()
    shutil.rmtree(killed / "checkpoint" / "checkpoint-6")  # it was killed before the last look
    assert tune(killed).code == 0
    for file in ("curve.jsonl", "model.safetensors"):
        assert (whole / file).read_bytes() == (killed / file).read_bytes()


@pytest.mark.slow
def test_vectors_of_kept_texts_move_less(
    tune: Callable[..., Any], encoder_folder: Path, tmp_path: Path
) -> None:
    documents = make_documents_with_topics(20)
    keep = write_jsonl(tmp_path / "k.jsonl", documents)
    options = {"token_weights": "base", "negatives": 0, "distillation": 0}
    assert tune(tmp_path / "free", **options).code == 0
    assert tune(tmp_path / "bound", "--keep", keep, memory=50, **options).code == 0
    texts = [one["text"] for one in documents]
    base, free, bound = (
        SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
        for folder in (encoder_folder, tmp_path / "free", tmp_path / "bound")
    )
    assert np.sum(base * bound, axis=1).mean() > np.sum(base * free, axis=1).mean()


@pytest.mark.slow
@pytest.mark.parametrize("better", [True, False])
def test_a_build_takes_the_tuned_encoder_if_it_is_better(
    tune: Callable[..., Any], run: Callable[..., Any], corpus: Path, tmp_path: Path, better: bool
) -> None:
    tuned = tmp_path / "index.encoder"
    assert tune(tuned).code == 0
    report = json.loads((tuned / "tuning.json").read_text(encoding="utf-8"))
    report["verdict"]["better"] = better
    (tuned / "tuning.json").write_text(json.dumps(report), encoding="utf-8")
    options = ("--generator", "null", "--set", "language=en", "--set", "calibrate=false")
    index = tmp_path / "index"
    command = ("build", corpus, "-o", index, "--encoder", report["base"], *options)
    done = run(*command, "--tune-encoder")
    assert done.code == 0, done.err
    assert ("is better than" in done.err) == better
    said = json.loads(run("info", tmp_path / "index", "--json").out)
    assert said["encoder"]["settings"]["name"] == (str(tuned) if better else report["base"])
    assert said["build"]["encoder_tuning"] == (report["verdict"] if better else None)
    other = run(*command, "--tune-encoder", "--encoder", "multilingual")
    assert other.code == 2
    assert "and not from 'multilingual'" in " ".join(other.err.split())


@pytest.mark.slow
def test_small_matrices_are_merged_in(tune: Callable[..., Any], tmp_path: Path) -> None:
    done = tune(tmp_path / "tuned", method="lora", negatives=0, distillation=0)
    assert done.code == 0, done.err
    open_encoder(EncoderSettings(name=str(tmp_path / "tuned")))


@pytest.mark.slow
def test_without_training_rare_tokens_weigh_more(
    tune: Callable[..., Any], corpus: Path, encoder_folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "weighed"
    done = tune(output, "--json", "--set", "steps=0", held_out=10)
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert (report["steps"], report["best_step"], report["weighed"]) == (0, 0, True)
    assert set(report["verdict"]["by_share"]) == {"0.0"}
    held_out = set(report["held_out"])
    documents = [
        Document(one["_id"], one["title"], one["text"])
        for one in map(json.loads, corpus.read_text(encoding="utf-8").splitlines())
    ]
    learnt = [get_full_text(one) for one in documents if compute_digest(one) not in held_out]
    assert len(learnt) == 50
    base, weighed = (
        SentenceTransformer(str(folder), device="cpu") for folder in (encoder_folder, output)
    )
    texts = [learnt[0], "the river mill", "", "the the the bridge4"]
    expected = []
    for text in texts:
        (tokens,) = base.tokenizer([text], truncation=True, max_length=48)["input_ids"]
        states = base.encode(text, output_value="token_embeddings").numpy()
        having = [sum(t in base.tokenizer(one)["input_ids"] for one in learnt) for t in tokens]
        weights = 1 + np.log(51 / (1 + np.array(having)))
        expected.append(weights @ states / np.linalg.norm(weights @ states))
    np.testing.assert_allclose(
        weighed.encode(texts, normalize_embeddings=True), expected, atol=1e-5
    )
    again = tune(output, "--set", "steps=6", held_out=10)
    assert "has another tuning" in again.err
    for problem, name, value in (
        ("nothing is tuned", "token_weights", "base"),
        ("finds no such GPU", "device", "cuda:9"),
    ):
        refused = tune(tmp_path / "nothing", "--set", "steps=0", **{name: value})
        assert refused.code == 2
        assert problem in " ".join(refused.err.split())
    twice = tune(tmp_path / "nothing", "--set", "steps=0", "--encoder", output)
    assert "weighed in it already" in " ".join(twice.err.split())
    assert not (tmp_path / "nothing").exists()


def test_what_cannot_be_tuned_is_refused(
    tune: Callable[..., Any], run: Callable[..., Any], corpus: Path, tmp_path: Path
) -> None:
    few = write_jsonl(tmp_path / "few.jsonl", make_documents_with_topics(9))
    outcome = run("tune", "encoder", few, "-o", tmp_path / "tuned")
    assert outcome.code == 2
    assert "9 documents are too few to tune on: at least 50 are needed" in outcome.err
    outcome = tune(tmp_path / "tuned", "--keep", few)
    assert outcome.code == 2
    assert "the setting memory" in outcome.err
    assert not (tmp_path / "tuned").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine", encoding="utf-8")
    outcome = tune(tmp_path / "mine")
    assert outcome.code == 2
    assert "has other contents than a tuning" in " ".join(outcome.err.split())
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["README.md"]
    outcome = tune(few)
    assert outcome.code == 2
    assert "is a file" in outcome.err


@pytest.mark.slow
def test_minutes_are_as_many_steps_as_the_pace_allows(
    tune: Callable[..., Any], tmp_path: Path
) -> None:
    done = tune(tmp_path / "tuned", "--set", "minutes=0.002", "--json", steps="null")
    assert done.code == 0, done.err
    steps = json.loads(done.out)["steps"]
    assert json.loads((tmp_path / "tuned" / "plan.json").read_text()) == {"steps": steps}
    assert 1 <= steps < 100


def test_a_document_is_asked_for_by_its_own_words() -> None:
    text = "The old mill grinds wheat. Bakers carry the flour over the bridge. Nobody swims there."
    documents = [Document("d", "Mills by rivers", text), Document("e", "", "Short.")]
    made = generate_queries(documents, Languages(("en",)), 0.5, seed=0)
    words = {word.strip(".").lower() for word in f"Mills by rivers {text}".split()}
    left_in = 0
    for _ in range(60):
        position, question = next(made)
        assert position == 0
        own = [word.strip(".").lower() for word in question.text.split()]
        assert sum(word in words for word in own) >= len(own) - 3  # but for how a question begins
        left_in += question.text.split()[-1] in question.passage
    assert 10 < left_in < 60


def test_the_verdict_is_that_of_the_search_there_will_be(
    encoder_folder: Path, other_encoder_folder: Path
) -> None:
    documents = [
        Document(one["_id"], one["title"], one["text"]) for one in make_documents_with_topics(30)
    ]

    def found(*assignments: str) -> list[Any]:
        settings = load_recipe(None, assignments)
        trial = HeldOutEvaluation(documents[:8], documents[8:], Languages(("en",)), settings)
        models = (encoder_folder, other_encoder_folder)
        return [trial.measure(load_model(EncoderSettings(name=str(model)))) for model in models]

    vectors = found("lexical=null")
    assert (vectors[0].ndcg != vectors[1].ndcg).any()
    assert [one.dense for one in vectors] == pytest.approx([one.mean for one in vectors])
    words = found("search.hybrid={passage: 0, views: 0, words: 1, ngrams: 0, feedback: 0}")
    assert (words[0].ndcg == words[1].ndcg).all()
    assert words[0].dense == vectors[0].dense
    assert words[0].mean > 0.5  # the words of a sentence tell much, random vectors nothing
    both = found("search.hybrid={passage: 1, views: 0, words: 1, ngrams: 0, feedback: 0}")
    assert vectors[0].mean < both[0].mean


def test_no_more_is_kept_of_training_than_it_is_worth() -> None:
    rng = np.random.default_rng(0)
    own = rng.uniform(0, 0.5, (40, 2))
    luck = rng.normal(0, 0.1, own.shape)
    by_share = {share: Retrieval(own, 0.0) for share in (0.0, 0.5)}
    everyone = np.ones(40, bool)
    assert select_share(by_share | {1.0: Retrieval(own + luck - luck.mean(), 0.0)}, everyone) == 0
    clearly = by_share | {1.0: Retrieval(own + luck - luck.mean() + 0.1, 0.0)}
    assert select_share(clearly, everyone) == 1
    clearly[0.5] = Retrieval(clearly[1.0].ndcg - 0.01 * (rng.random(own.shape) < 0.5), 0.0)
    assert select_share(clearly, everyone) == 1
    clearly[0.5] = Retrieval(clearly[1.0].ndcg + luck - luck.mean() - 0.001, 0.0)
    assert select_share(clearly, everyone) == 0.5
    some = everyone.copy()
    some[:20] = False
    clearly[0.0] = Retrieval(np.where(some[:, None], 1.0, own), 0.0)
    assert select_share(clearly, some) == 0


def test_a_batch_asks_for_documents_of_a_topic_together() -> None:
    rng = np.random.default_rng(0)
    centres = np.eye(8, 16)
    vectors = np.repeat(centres, 6, axis=0) + rng.normal(0, 0.01, (48, 16))
    found = cluster_topics(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 6, seed=0)
    assert sorted(position for topic in found for position in topic) == list(range(48))
    assert sum(len({position // 6 for position in topic}) == 1 for topic in found) >= 6
    documents = [
        Document(str(number), "", f"The old mill number{number} grinds wheat.")
        for number in range(48)
    ]
    made = generate_queries(documents, Languages(("en",)), 0.5, 0, topics=found)
    epoch = [position for position, _ in islice(made, 48)]
    assert sorted(epoch) == list(range(48))
    for topic in found:
        where = [epoch.index(position) for position in topic]
        assert max(where) - min(where) == len(topic) - 1


def test_what_may_answer_is_no_negative(
    encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(EncoderSettings(name=str(encoder_folder)))
    rng = np.random.default_rng(0)
    columns = [[torch.tensor(rng.normal(size=(3, 8)), dtype=torch.float32)] for _ in range(2)]
    scores = torch.tensor([[2.0, 1.9, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])

    def loss() -> float:
        how = EncoderTuningSettings(distillation=1e-9)
        return float(RankingLoss(model, how, 1.0).calculate_loss(columns, scores))

    queries, passages = (column[0] for column in columns)
    found = 20 * torch.nn.functional.normalize(queries) @ torch.nn.functional.normalize(passages).T
    found[0, 1] = -torch.inf  # scores 1.9 where its own has 2.0
    assert loss() == pytest.approx(float(-found.log_softmax(1).diagonal().mean()), abs=1e-4)
    before = loss()
    monkeypatch.setattr(EncoderTuningSettings, "margin", 0.05)
    assert loss() > before
