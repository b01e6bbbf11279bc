"""Code and tables are no sentences, and lose nothing else."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from corpus_tuner import Document
from corpus_tuner.text.prose import find_prose
from corpus_tuner.text.views import find_sentences

TEXT = """The mill stands by the river.

```python
flour = grind(wheat, by="the wheel of the mill")
```

It grinds wheat for the village.

| Grain | What it costs |
|---|:---:|
| Wheat of the whole valley | three |
| Barley of the other valley | two |

The farmer pays in autumn | or in winter.
"""


def test_sentences_are_taken_from_prose() -> None:
    document = Document("d", "Mills", TEXT)
    sentences = find_sentences(document, "en", min_words=4)
    assert [sentence.text for sentence in sentences] == [
        "The mill stands by the river.",
        "It grinds wheat for the village.",
        "The farmer pays in autumn | or in winter.",
    ]
    whole = f"Mills {TEXT}"
    assert [whole[slice(*sentence.span)] for sentence in sentences] == [
        sentence.text for sentence in sentences
    ]


def test_a_fence_that_is_not_closed_is_none() -> None:
    text = "The mill.\n```\nIt grinds wheat."
    assert find_prose(text) == [(0, len(text))]


@given(st.lists(st.sampled_from(["```", "````", "```py", "a | b", "|---|", "text", ""])))
def test_what_is_prose_is_in_order_and_has_all_other_lines(lines: list[str]) -> None:
    text = "\n".join(lines)
    spans = find_prose(text)
    kept = "".join(text[start:end] for start, end in spans)
    assert kept.split("\n").count("text") <= lines.count("text")
    assert all(start < end for start, end in spans)
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    if not any(line.startswith("```") or "|" in line for line in lines):
        assert kept == text
