"""Passages: windows that cover a long document within the limit of the encoder."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.text.passages import (
    Passage,
    PassageSettings,
    drop_headings,
    find_text_start,
    get_full_text,
    is_long,
    locate_passage,
    split_passages,
)
from tests.conftest import WORDS

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
        assert whole[passage.start :].startswith(passage.text[passage.front :])
        assert passage.text[: passage.front].strip() in ("", document.title.strip())
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


def test_a_long_document_is_cut_into_windows_of_a_size(encoder: Any) -> None:
    document = Document("d", "Mill", "The farmer went to the mill by the river. " * 40)
    for tokens in (16, 24):
        how = PassageSettings(tokens=tokens)
        (cut,) = split_passages([document], Languages(("en",)), encoder, how)
        counts = encoder.count_tokens([passage.text for passage in cut[1:]])
        assert is_long(len(cut))
        assert max(counts) <= tokens


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


SENTENCE = "The farmer went to the mill by the river. "  # about a fifth of a window
MILLS = (
    f"# Wheels\n\n{SENTENCE * 2}\n\n## Of wood\n\n{SENTENCE * 7}\n\n"
    f"## Of iron\n\n{SENTENCE * 2}\n\n# Stones\n\n{SENTENCE * 2}"
)


def cut_windows(document: Document, encoder: Any, **chosen: Any) -> list[Passage]:
    (passages,) = split_passages([document], Languages(("en",)), encoder, PassageSettings(**chosen))
    return passages


def test_a_window_has_the_headings_above_its_beginning_in_front(encoder: Any) -> None:
    passages = cut_windows(Document("d", "Mill", MILLS), encoder)
    begins = [
        (passage.text[: passage.front], passage.text[passage.front :].partition("\n")[0][:10])
        for passage in passages[1:]
    ]
    assert [*dict.fromkeys(begins)] == [
        ("Mill > Wheels ", "## Of wood"),
        ("Mill > Wheels > Of wood ", "The farmer"),
        ("Mill > Wheels ", "## Of iron"),
        ("Mill ", "# Stones"),
    ]
    # Nothing of another section is repeated.
    assert sum("## Of iron" in passage.text for passage in passages) == 1


def test_headings_that_fill_a_window_are_left_out(encoder: Any) -> None:
    heading = "the river and the wheel of the mill " * 4
    passages = cut_windows(Document("d", "Mill", f"# {heading}\n\n{SENTENCE * 20}"), encoder)
    assert {passage.text[: passage.front] for passage in passages[1:]} == {"Mill "}
    assert max(encoder.count_tokens([passage.text for passage in passages])) <= encoder.max_tokens


def test_the_heading_that_is_the_title_is_not_repeated(encoder: Any) -> None:
    passages = cut_windows(Document("d", "Mill", f"# Mill\n\n{SENTENCE * 20}"), encoder)
    assert {passage.text[: passage.front] for passage in passages[1:]} == {"Mill "}


sections = st.lists(
    st.sampled_from(["# Mill\n\n", "## River\n\n", "### Wheel\n\n", SENTENCE, SENTENCE * 4, "x. "]),
    max_size=25,
).map("".join)


@given(sections, st.sampled_from(["", "Mill"]), st.integers(0, 20))
@settings(deadline=None, max_examples=60)
def test_windows_of_sections(encoder: Any, text: str, title: str, overlap: int) -> None:
    document = Document("d", title, f"{text}.")
    whole = get_full_text(document)
    passages = cut_windows(document, encoder, overlap=overlap)
    assert all(
        size <= encoder.max_tokens for size in encoder.count_tokens([p.text for p in passages[1:]])
    )
    for passage in passages:
        own = passage.text[passage.front :]
        assert whole[passage.start :].startswith(own)
        span = locate_passage(document, passage.text)
        assert span is None or document.text[slice(*span)] in passage.text
        assert drop_headings(document, passage.text) in (passage.text, f"{title} {own}".strip())
    covered = {at for p in passages for at in range(p.start, p.start + len(p.text) - p.front)}
    begin = find_text_start(document)
    assert [at for at in range(begin, len(whole)) if at not in covered and whole[at].strip()] == []
