"""Sentences, passages and a document's own views."""

from typing import Any

import pytest
import sentencex
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.text import sentences
from corpus_tuner.text.passages import PassageSettings, get_full_text, split_passages
from corpus_tuner.text.sentences import split_sentences
from corpus_tuner.text.views import ViewSettings, make_own_views, spread
from tests.conftest import WORDS


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["We saw it (Hill et al. 2004), e.g. in Fig. 2 of Dr. Moor. ", "What now?"]),
        ("en", ["It took approx. 5 min, cf. Eqs. 3 and 4. ", "Staph. aureus grew. "]),
        ("en", ["No. 5 vs. no. 6, i.e. the ref. value. ", "See Sec. 3.2 resp. Tab. 1."]),
        ("de", ["Die o. g. Frist beträgt i. d. R. 14 Tage. ", "Gem. § 5 Abs. 2 S. 1 gilt sie."]),
        ("de", ["Am 3. Oktober z. B. ruht der Betrieb. ", "Der 2. Zug fährt um ca. 8 Uhr."]),
        ("de", ["Vgl. Urt. v. 12.03.2008, Az. XII ZR 5/07. ", "Das steht dort."]),
        ("pt", ["O Sr. Moura leu a pág. 5. ", "Depois saiu."]),
        ("en", ["A heading\n\n", "Then a sentence."]),
        ("en", ["the mill turned at speed 2 . 5 rounds , it is said . ", "it was loud ."]),
    ],
)
def test_sentences(language: str, expected: list[str]) -> None:
    assert split_sentences("".join(expected), language) == expected


@given(st.text(), st.sampled_from(["en", "de", "pt", "xx"]))
def test_no_character_is_lost_between_sentences(text: str, language: str) -> None:
    assert "".join(split_sentences(text, language)) == text


words = st.lists(st.sampled_from([*WORDS, "Mill.", "Water!", "e.g.", "x" * 300]), max_size=150)


@given(st.lists(st.sampled_from(WORDS), max_size=60), words, st.integers(0, 60))
@settings(deadline=None, max_examples=60)
def test_long_documents_are_covered_whole(
    encoder: Any, title: list[str], text: list[str], overlap: int
) -> None:
    document = Document("d", " ".join(title), " ".join(text) or "x")
    (cut,) = split_passages(
        [document], Languages(("en",)), encoder, PassageSettings(overlap=overlap)
    )
    passages = [passage.text for passage in cut]
    sizes = encoder.count_tokens(passages)
    whole = get_full_text(document)
    # What stands behind the title of a passage stands at its start in the whole text.
    for passage in cut:
        assert whole[passage.start :].startswith(passage.text[passage.title :])
        assert passage.text[: passage.title].strip() in ("", document.title.strip())
    if encoder.count_tokens([whole])[0] <= encoder.max_tokens:
        assert passages == [whole]
        return
    # The first passage is the encoder's own reading, to the end of the word it stops in.
    assert whole.startswith(passages[0])
    assert sizes[0] >= encoder.max_tokens
    assert all(size <= encoder.max_tokens for size in sizes[1:])
    # Every word of the text, in order, lies in some passage that is read.
    read = [
        passages[0][: encoder.find_token_ends(passages[0])[encoder.max_tokens - 1]],
        *passages[1:],
    ]
    together = "".join(read).replace(" ", "")
    for word in document.text.split():
        for part in (word[:20], word[-20:]):
            assert part in together


def test_the_first_passage_has_the_vector_of_the_whole_text(encoder: Any) -> None:
    document = Document("d", "Mill", "The farmer went to the mill by the river. " * 20)
    (cut,) = split_passages([document], Languages(("en",)), encoder, PassageSettings())
    passages = [passage.text for passage in cut]
    whole, first = encoder.encode_documents([f"Mill {document.text.strip()}", passages[0]])
    assert len(passages) > 2
    assert abs(whole @ first - 1) < 1e-5


def test_own_views() -> None:
    text = (
        "The mill stands by the river. Yes. The farmer brings wheat. The mill stands by the river."
    )
    document = Document("d", "Mills", text)
    views = make_own_views(document, "en", ViewSettings())
    assert [(view.kind, view.text) for view, _ in views] == [
        ("title", "Mills"),
        ("sentence", "The mill stands by the river."),
        ("sentence", "The farmer brings wheat."),
    ]
    assert {(view.document_id, view.maker) for view, _ in views} == {("d", "document")}
    assert all(get_full_text(document)[start:end] == view.text for view, (start, end) in views)
    fewer = make_own_views(document, "en", ViewSettings(title=False, sentences=1, min_words=1))
    assert [view.kind for view, _ in fewer] == ["sentence"]


@given(st.text(max_size=20), st.text(st.sampled_from("ab .\n\tÄ!?"), max_size=200))
def test_spans_are_where_the_words_stand(title: str, text: str) -> None:
    document = Document("d", title, text)
    whole = get_full_text(document)
    for view, (start, end) in make_own_views(document, "en", ViewSettings(min_words=1)):
        assert 0 <= start < end <= len(whole)
        assert whole[start:end].split() == view.text.split()


def test_a_cap_spreads_over_the_document() -> None:
    assert spread(list("abcdefgh"), 4) == list("aceg")
    assert spread(list("abc"), 4) == list("abc")


@given(st.text(st.sampled_from("안녕하세요各国🎉ab ,."), max_size=400), st.integers(0, 60))
@settings(deadline=None, max_examples=40)
def test_any_script_comes_to_an_end(encoder: Any, text: str, overlap: int) -> None:
    document = Document("d", "T", text)
    (cut,) = split_passages(
        [document], Languages(("ko",)), encoder, PassageSettings(overlap=overlap)
    )
    read = "".join(passage.text for passage in cut).replace(" ", "")
    assert all(character in read for character in text.replace(" ", ""))


def test_a_text_of_one_endless_sentence(encoder: Any) -> None:
    document = Document("d", "", ",".join(["안녕하세요각국"] * 400))
    (cut,) = split_passages([document], Languages(("ko",)), encoder, PassageSettings())
    assert max(encoder.count_tokens([passage.text for passage in cut[1:]])) <= encoder.max_tokens


@pytest.mark.parametrize("piece", ["«", "“word ", "' ", "„A word. ", '“A. B,” she said. "No." '])
def test_any_number_of_quotation_marks_is_read_a_few_at_a_time(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def segment(language: str, text: str) -> list[str]:
        read.append(text)
        return sentencex.segment(language, text)  # type: ignore[no-any-return]

    text = piece * 1_500
    with monkeypatch.context() as patched:
        patched.setattr(sentences, "_MARKS_AT_ONCE", len(text))
        at_once = split_sentences(text, "en")
    monkeypatch.setattr(sentences, "segment", segment)
    assert split_sentences(text, "en") == at_once
    assert max(sum(map(some.count, "«“„'\"”")) for some in read) <= 300
    assert sum(map(len, read)) <= 5 * len(text)


def test_line_breaks_behind_a_quotation_are_kept() -> None:
    text = "Type (`a(b)`).\n\n`b` is next. Then c."
    assert "".join(split_sentences(text, "en")) == text
