"""Lexical search: documents are ranked by the words and character n-grams of the query."""

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from corpus_tuner.core.documents import Document, View
from corpus_tuner.text.passages import drop_headings, is_long

LexicalRanker = Literal["words", "ngrams"]
LEXICAL_RANKERS: tuple[LexicalRanker, ...] = get_args(LexicalRanker)


class LexicalSettings(BaseModel):
    """What terms there are.

    Attributes
    ----------
    languages
        ISO 639-1 codes, for stemming and stop words; none takes those of the corpus. Of several,
        every document is read in the one that it is in, and a query in all of them.
    ngrams
        Length of the character n-grams; ``None`` for none.
    headings
        Whether the headings in front of a window of a long document are among its terms.
    views
        Kinds of views whose words are added to their document's, and how many times (doc2query:
        Nogueira, Yang, Lin and Cho, "Document Expansion by Query Prediction", arXiv 1904.08375).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    languages: Annotated[tuple[str, ...], Field(max_length=200)] = ()
    ngrams: Annotated[PositiveInt, Field(le=100)] | None = 4
    headings: bool = True
    views: dict[str, PositiveInt] = Field(default_factory=dict)

    @property
    def rankers(self) -> tuple[LexicalRanker, ...]:
        """What documents can be ranked by."""
        return LEXICAL_RANKERS if self.ngrams else ("words",)

    def split_text(self, document: Document, views: Sequence[View]) -> list[str]:
        """Return the texts of a document whose terms are indexed.

        They are its windows if it is long (`corpus_tuner.text.passages.is_long`), otherwise its
        whole text; the added views follow the first of them.
        """
        added = (view.text for view in views for _ in range(self.views.get(view.kind, 0)))
        windows = [view.text for view in views if view.kind == "passage"]
        if not is_long(len(windows)):
            windows = [f"{document.title}\n{document.text}"]
        elif not self.headings:
            windows = [drop_headings(document, window) for window in windows]
        first, *others = windows
        return ["\n".join((first, *added)), *others]
