"""Synthetic queries of documents."""

from itertools import islice

from corpus_tuner.core.documents import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.tuning.encoder.synthetic_queries import (
    SyntheticQuery,
    generate_queries,
    sample_documents,
)


def test_a_query_is_made_of_words_of_its_document() -> None:
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


def test_a_sample_depends_on_contents_and_seed_only() -> None:
    documents = [Document(str(number), "", f"Text {number}.") for number in range(30)]
    sample = sample_documents(documents, 10, seed=0)
    assert len({document.id for document in sample}) == 10
    assert sample_documents(documents[::-1], 10, seed=0) == sample
    assert sample_documents(documents, 20, seed=0)[:10] == sample
    assert sample_documents(documents, 10, seed=1) != sample
    assert len(sample_documents(documents, 100, seed=0)) == 30


def test_questions_of_a_document_are_among_its_queries() -> None:
    document = Document("d", "", "The old mill grinds wheat for the whole valley.")
    made = generate_queries([document], Languages(("en",)), 0.5, 0, questions=[["Who grinds?"]])
    queries = [query for _, query in islice(made, 40)]
    asking = [query for query in queries if query.text == "Who grinds?"]
    assert 0 < len(asking) < 40
    assert {query.passage for query in asking} == {document.text}


def test_a_document_without_text_has_no_query() -> None:
    documents = [
        Document("a", "", ""),
        Document("b", "Mills", "Short."),
        Document("c", "Mills", ""),
    ]
    made = generate_queries(documents, Languages(("en",)), 0.5, 0)
    assert list(islice(made, 3)) == [(1, SyntheticQuery("Mills", "Short."))] * 3
