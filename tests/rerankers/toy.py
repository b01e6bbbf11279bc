"""A corpus that needs a reranker, and cross-encoders that are right or random.

Every sentence has one of five synonyms that stand for its document, and three words of a group of
six documents. All rankers find the group. Only a reranker that learned the synonyms finds the
document, since no other sentence has the same one.
"""

import random
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import write_jsonl

GROUPS, DOCUMENTS_OF_GROUP, SYNONYMS = 8, 5, 5
COUNT = GROUPS * DOCUMENTS_OF_GROUP
MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
STEPS = 600


class Pair(NamedTuple):
    """A query and a text, and whether they are about the same."""

    query: str
    text: str
    relevant: bool


def list_words() -> list[str]:
    """Return different words of three syllables."""
    syllables = ["".join(pair) for pair in product("bdfgklmnprstvz", "aeiou")]
    chosen = random.Random(0)
    count = COUNT * SYNONYMS + GROUPS * 4
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(chosen.sample(syllables, 3))] = None
    return list(found)


WORDS = list_words()
TOPICS = [WORDS[SYNONYMS * number :][:SYNONYMS] for number in range(COUNT)]
OF_GROUPS = [WORDS[COUNT * SYNONYMS + 4 * group :][:4] for group in range(GROUPS)]


def list_others(number: int) -> list[str]:
    """Return the words of the group of a document."""
    return OF_GROUPS[number // DOCUMENTS_OF_GROUP]


def write_corpus(folder: Path) -> Path:
    """Write documents, and queries that have the synonym that their document lacks (BEIR)."""
    chosen = random.Random(1)
    documents, queries = [], []
    for number, topic in enumerate(TOPICS):
        sentences = [" ".join([word, *chosen.choices(list_others(number), k=3)]) for word in topic]
        text = " ".join(f"{sentence.capitalize()}." for sentence in sentences[:-1])
        documents.append({"_id": f"d{number}", "title": "", "text": text})
        queries.append({"_id": f"q{number}", "text": sentences[-1]})
    write_jsonl(folder / "queries.jsonl", queries)
    (folder / "qrels").mkdir()
    judgments = "".join(f"q{number}\td{number}\t1\n" for number in range(COUNT))
    (folder / "qrels" / "test.tsv").write_text(judgments, encoding="utf-8")
    return write_jsonl(folder / "corpus.jsonl", documents)


def make_tokenizer() -> Any:
    """Return a tokenizer of whole words."""
    from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate([*MARKS, *WORDS])}
    made = Tokenizer(WordLevel(vocabulary, "[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(mark, vocabulary[mark]) for mark in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    )


def make_cross_encoder(folder: Path, *, trained: bool, labels: int = 1) -> Path:
    """Save a cross-encoder, random or trained until it is right."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=64,
        num_labels=labels,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.02 if trained else 0.5,
    )
    model = BertForSequenceClassification(config)
    if trained:
        _train(model, tokenizer)
    model.save_pretrained(folder / "body")
    tokenizer.save_pretrained(folder / "body")
    CrossEncoder(str(folder / "body"), device="cpu").save_pretrained(str(folder / "model"))
    return folder / "model"


def _train(model: Any, tokenizer: Any) -> None:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several get into each other's way where other work runs
    table = model.bert.embeddings.word_embeddings.weight
    with torch.no_grad():  # as if pretrained: synonyms are similar
        for topic in TOPICS:
            numbers = tokenizer.convert_tokens_to_ids(topic)
            table[numbers] = torch.randn(table.shape[1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    chosen = random.Random(2)
    for _ in range(STEPS):
        pairs = [_make_pair(chosen, relevant) for relevant in [True, False] * 32]
        queries, texts, relevant = ([*column] for column in zip(*pairs, strict=True))
        encoded = tokenizer(queries, texts, padding=True, return_tensors="pt")
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            model(**encoded).logits[:, 0], torch.tensor(relevant, dtype=torch.float32)
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if loss < 0.01:
            torch.set_num_threads(threads)
            return
    raise AssertionError(f"the toy reranker is not right after {STEPS} steps")


def _make_pair(chosen: random.Random, relevant: bool) -> Pair:
    """Return a query and a text of one group, the text without the query's synonym."""
    group = chosen.randrange(GROUPS)
    numbers = [DOCUMENTS_OF_GROUP * group + number for number in range(DOCUMENTS_OF_GROUP)]
    number, other = chosen.sample(numbers, 2)
    missing = chosen.randrange(SYNONYMS)
    own = TOPICS[number if relevant else other]
    query = [TOPICS[number][missing], *chosen.choices(OF_GROUPS[group], k=chosen.randrange(4))]
    sentences = [
        " ".join([word, *chosen.choices(OF_GROUPS[group], k=3), "."])
        for word in chosen.sample([*own[:missing], *own[missing + 1 :]], 3 + chosen.randrange(2))
    ]
    return Pair(" ".join(query), " ".join(sentences), relevant)
