"""Prompts of decoder-only models."""

from pathlib import Path

from transformers import AutoTokenizer

from corpus_tuner.core.documents import Document
from corpus_tuner.generation.models.chat import ChatPrompts, Example
from corpus_tuner.generation.prompts import Instruction
from tests.generation.decoders import ASK


def test_prompts_are_as_the_model_takes_them(models: dict[str, Path]) -> None:
    document = Document("d", "", "the mill")

    def prompt(kind: str) -> str:
        tokenizer = AutoTokenizer.from_pretrained(models[kind])
        tokens, cut = ChatPrompts(tokenizer, 100).make(document, ASK)
        assert not cut
        return " ".join(tokenizer.decode(tokens).split())

    assert "system" in prompt("Qwen3") and "quiet" in prompt("Qwen3")
    assert "system" not in prompt("Gemma3Text") and "be brief" in prompt("Gemma3Text").lower()
    assert "be brief" in prompt("Llama").lower()


def test_long_documents_are_cut_and_instructions_are_not(models: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(models["Qwen3"])
    long = Document("d", "", "wheat and barley " * 200)
    tokens, cut = ChatPrompts(tokenizer, 120).make(long, ASK)
    assert cut and 100 < len(tokens) <= 125
    whole, _ = ChatPrompts(tokenizer, 10_000).make(long, ASK)
    assert tokenizer.decode(tokens[-12:]) == tokenizer.decode(whole[-12:])


def test_examples_are_of_the_kind_that_is_asked_for(models: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(models["Llama"])
    examples = [Example(text="A mill grinds.", answers={"question": "What grinds?"})]
    prompts = ChatPrompts(tokenizer, 100, examples)
    title = Instruction("title", "en", "Name it: {text}")
    for instruction, shown in ((ASK, True), (title, False)):
        tokens, _ = prompts.make(Document("", "", "x"), instruction)
        assert ("grinds" in tokenizer.decode(tokens)) == shown
