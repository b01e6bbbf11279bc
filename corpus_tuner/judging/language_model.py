"""A language model as a judge, behind an address as the generator `endpoint` calls it."""

import re
from typing import cast

from corpus_tuner.core.documents import Document
from corpus_tuner.core.progress import track
from corpus_tuner.encoders import Encoder
from corpus_tuner.generation.generators.endpoint import Generator, Settings
from corpus_tuner.generation.prompts import Instruction
from corpus_tuner.judging.store import GRADES, MODEL_PREFIX
from corpus_tuner.judging.study import Item, Study
from corpus_tuner.text.document_encoding import EncodedDocument

PROMPT = """\
Grade how relevant a passage is to a search query:
0: the passage has nothing to do with the query
1: the passage is related to the query, but does not answer it
2: the passage answers the query in part, or the answer is unclear or among other things
3: the passage is about the query and answers it fully

Query: {query}

Title: {{title}}
Passage: {{text}}

Answer with one digit, 0, 1, 2 or 3, and nothing else.\
"""
"""The request to the model; title (with the headings) and passage are those that people see."""
_GRADE = re.compile(rf"(?<!\d)[{min(GRADES)}-{max(GRADES)}](?!\d)")
_TOKENS = 512  # of an answer: some models think first


def grade_pools(study: Study, url: str, model: str) -> int:
    """Let a model grade what it has not graded yet; return how many answers had no grade.

    These count as grade 0. Grades are stored after every query, under the name ``llm:MODEL``.

    Raises
    ------
    CorpusTunerError
        If the server cannot be reached, refuses, or keeps failing.
    """
    settings = Settings(url=url, model=model, temperature=0.0, max_new_tokens=_TOKENS)
    generator = Generator(settings, cast(Encoder, study.searcher.encoder))  # which it does not use
    judge = f"{MODEL_PREFIX}{model}"
    graded = {
        (own.query, own.document) for own in study.judgments.read_grades() if own.judge == judge
    }
    unreadable = 0
    queries = [
        query
        for query, pool in study.pools.items()
        if any((query, document) not in graded for document in pool)
    ]
    for query in track(queries, f"grading by {model}", lambda: len(queries), unit="queries"):
        items = [
            one for one in study.list_items(query).values() if (query, one.document) not in graded
        ]
        prompt = PROMPT.format(query=_escape(study.queries[query]))
        answers = generator.generate(
            [_read_item(one) for one in items], Instruction("grade", "en", prompt)
        )
        for item, answer in zip(items, answers, strict=True):
            grade = parse_grade(answer.texts[0] if answer.texts else "")
            unreadable += grade is None
            note = "" if grade is not None else "the answer had no grade"
            study.judgments.add_grade(judge, query, item.document, grade or 0, note)
    return unreadable


def parse_grade(answer: str) -> int | None:
    """Return the first grade in an answer; ``None`` if there is none.

    Examples
    --------
    >>> parse_grade("Grade: 2"), parse_grade("10")
    (2, None)
    """
    found = _GRADE.search(answer)
    return int(found[0]) if found else None


def _read_item(item: Item) -> EncodedDocument:
    title = " > ".join(filter(None, [item.title, *item.headings]))
    return EncodedDocument(Document(item.document, title, item.passage))


def _escape(text: str) -> str:
    """Return a text for a template, in which braces are doubled."""
    return text.replace("{", "{{").replace("}", "}}")
