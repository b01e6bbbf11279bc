"""Percent-encoding of ids: nothing is lost, and other text is unchanged."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner.eval.trec.ids import decode_id, encode_id, find_id_problem

PIECES = st.sampled_from(
    ["%", "%20", "%25", "2", "25", "%C2%A0", "%e2%80%a8", "\u00a0", "\u2028", " "]
)
TEXTS = st.lists(PIECES | st.text(st.characters(codec="utf-8"), max_size=3)).map("".join)


@given(TEXTS)
def test_what_is_encoded_is_decoded(id_: str) -> None:
    written = encode_id(id_)
    assert decode_id(written) == id_
    assert len(written.split()) == (1 if written else 0)


@given(st.text(st.characters(codec="utf-8", exclude_characters="%")))
def test_only_white_space_is_encoded(id_: str) -> None:
    assert encode_id(id_) == "".join(quote(char) if char.isspace() else char for char in id_)


def test_what_is_no_escape_of_ours_stays() -> None:
    for id_ in ("100%.md", "%", "a%2Fb", "caf%C3%A9", "%2", "%zz", "50%-70%"):
        assert encode_id(id_) == decode_id(id_) == id_
    assert decode_id("a%0ab%c2%a0") == "a\nb\u00a0"
    assert decode_id("100%25%20sure") == "100% sure"  # as other tools encode it


def test_what_is_no_id() -> None:
    assert find_id_problem("half \ud83d") == "not UTF-8, or half of a surrogate pair"
    assert find_id_problem("a\u0000b") == "control characters"
    assert not find_id_problem("two\nlines")
