"""Passages: windows that cover a long document within the limit of the encoder."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_tuner import Document
from corpus_tuner.core.languages import Languages
from corpus_tuner.text.passages import PassageSettings, get_full_text, is_long, split_passages
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
