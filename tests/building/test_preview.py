"""Previews of builds: documents to index, and the cost of generators."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpus_tuner import Recipe, build, load_recipe
from corpus_tuner.building.preview import preview_build
from corpus_tuner.corpora import CorpusSettings
from tests.cli.conftest import Run
from tests.conftest import make_documents, write_jsonl
from tests.openai_server import Server


def make_settings(server: Server, small: list[str], **more: Any) -> list[str]:
    values = {"name": "endpoint", "url": server.url, "model": "m", "kinds": ["question"]}
    prices = {"input_price": 2, "output_price": 10}
    generator = json.dumps({**values, "max_new_tokens": 50, **prices, **more})
    return [*small[1::2], f"generator={generator}", "checks=[]"]


def make_recipe(server: Server, small: list[str], **more: Any) -> Recipe:
    return load_recipe(None, make_settings(server, small, **more))


def test_the_cost_is_estimated_and_nothing_is_sent(
    tmp_path: Path, openai_server: Server, small: list[str]
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(40))
    recipe = make_recipe(openai_server, small, kinds=["question", "keywords"], outputs=3)
    preview = preview_build(corpus, tmp_path / "index", recipe)
    (cost,) = preview.costs
    assert preview.changes.added == 40
    assert (cost.documents, cost.requests, cost.most_output_tokens) == (40, 80, 80 * 50 * 3)
    assert (cost.output_tokens, cost.cost) == (None, None)
    assert cost.most_cost == pytest.approx(2e-6 * cost.input_tokens + 10e-6 * 12_000)
    assert openai_server.requested == []
    assert [file.name for file in tmp_path.iterdir()] == ["c.jsonl"]
    structured = make_recipe(openai_server, small, outputs=3, structured=True)
    (cost,) = preview_build(corpus, tmp_path / "index", structured).costs
    assert cost.most_output_tokens == 40 * 50


def test_tokens_of_prompts_are_near_to_those_of_all_prompts(
    tmp_path: Path, openai_server: Server, small: list[str], encoder: Any
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(100))
    recipe = make_recipe(openai_server, small)
    (cost,) = preview_build(corpus, tmp_path / "index", recipe).costs
    build(corpus, tmp_path / "index", recipe)
    prompts = [
        "\n".join(message["content"] for message in request["messages"])
        for request in openai_server.requested
    ]
    assert cost.input_tokens == pytest.approx(sum(encoder.count_tokens(prompts)), rel=0.05)


def test_a_first_sample_makes_the_estimate_better(
    tmp_path: Path, openai_server: Server, small: list[str]
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(20))
    index = tmp_path / "index"
    recipe = make_recipe(openai_server, small)
    first = build(corpus, index, recipe.model_copy(update={"corpus": CorpusSettings(limit=5)}))
    assert first.documents == 5
    preview = preview_build(corpus, index, recipe)
    (cost,) = preview.costs
    assert (preview.changes.added, preview.changes.unchanged) == (15, 5)
    assert (cost.documents, cost.requests) == (15, 15)
    assert cost.output_tokens and cost.output_tokens < cost.most_output_tokens == 750
    assert cost.cost == pytest.approx(2e-6 * cost.input_tokens + 10e-6 * cost.output_tokens)
    report = build(corpus, index, recipe)
    (used,) = report.costs
    assert used.estimate == cost
    assert (used.used.requests, used.used.input, used.used.cached) == (15, 150, 60)
    assert used.cost == pytest.approx((150 * 2 + 75 * 10) / 1e6)
    nothing = preview_build(corpus, index, recipe)
    assert (nothing.changes.total, nothing.costs) == (0, ())


def test_answers_in_another_ledger_are_not_paid_for(
    tmp_path: Path, openai_server: Server, small: list[str]
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(6))
    recipe = make_recipe(openai_server, small)
    ledger = tmp_path / "ledger.sqlite"
    build(corpus, tmp_path / "one", recipe, ledger=ledger)
    more = make_recipe(openai_server, small, kinds=["question", "summary"], input_price=0)
    (cost,) = preview_build(corpus, tmp_path / "other", more, ledger=ledger).costs
    assert (cost.documents, cost.requests) == (6, 6)
    build(corpus, tmp_path / "other", more, ledger=ledger)
    assert len(openai_server.requested) == 12


def test_the_command_line_shows_estimate_and_use(
    tmp_path: Path, openai_server: Server, small: list[str], run: Run
) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(4))
    options = [word for one in make_settings(openai_server, small) for word in ("--set", one)]
    command = ("build", corpus, "-o", tmp_path / "index", *options)
    shown = run(*command, "--dry-run")
    assert shown.code == 0, shown.err
    said = " ".join(shown.out.split())
    assert "to do: 4 added, 0 changed, 0 removed, 0 unchanged" in said
    assert "4 requests to m for 4 documents: about " in said
    assert "tokens of prompts, at most 200 of answers, so a cost of at most 0.00" in said
    assert not (tmp_path / "index").exists()
    as_json = json.loads(run(*command, "--dry-run", "--json").out)
    assert as_json["costs"][0]["requests"] == 4
    built = run(*command)
    assert "4 requests to m" in built.err
    said = " ".join(built.out.split())
    assert "4 answers of m: 40 tokens of prompts, 16 of them cached (estimate: " in said
    assert ", 20 of answers (estimate: at most 200), cost 0.00028 (estimate: at most" in said


def test_recipes_without_paid_generators_have_no_cost(tmp_path: Path, small: list[str]) -> None:
    corpus = write_jsonl(tmp_path / "c.jsonl", make_documents(4))
    preview = preview_build(corpus, tmp_path / "index", load_recipe(None, small[1::2]))
    assert (preview.changes.added, preview.costs) == (4, ())
