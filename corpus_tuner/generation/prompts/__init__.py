"""Instructions: prompts of generators, by kind and language."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import yaml

from corpus_tuner.core.documents import Document
from corpus_tuner.core.yaml_files import load_yaml
from corpus_tuner.errors import CorpusTunerError

Kind = Literal["question", "keywords", "summary", "title", "claim", "context"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CONTEXT: Kind = "context"
"""Kind of a text about a passage: what it is about in its document."""
Templates = Mapping[str, str] | Path
"""A template for each kind, or a YAML file of them."""
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, repr=False)
class DocumentPassage(Document):
    """A document, and one of its passages that a text is written about.

    Attributes
    ----------
    passage
        Text of the passage.
    """

    passage: str = ""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What to write.

    Attributes
    ----------
    kind
        The kind of view that comes out, one of `KINDS`.
    language
        ISO 639-1 code.
    template
        The prompt, with ``{title}`` and ``{text}`` for the document's, and ``{passage}`` where the
        text is about a passage.
    system
        The system message of a model that chats, for all kinds alike; others do not read it.
    """

    kind: str
    language: str
    template: str
    system: str = ""

    def prompt(self, document: Document) -> str:
        """Return the prompt for a document.

        Examples
        --------
        >>> Instruction("title", "en", "Name it: {text}").prompt(Document("d", "", "A mill."))
        'Name it: A mill.'
        """
        passage = getattr(document, "passage", "")
        return self.template.format(title=document.title, text=document.text, passage=passage)

    def list_sources(self, document: Document, passages: Sequence[str]) -> Sequence[Document]:
        """Return what a text is written for: the document, or each of its several passages.

        Examples
        --------
        >>> context = Instruction("context", "en", "{text} What is this about? {passage}")
        >>> mill = Document("d", "", "It grinds. It stands.")
        >>> [one.passage for one in context.list_sources(mill, ["It grinds.", "It stands."])]
        ['It grinds.', 'It stands.']
        >>> context.list_sources(mill, ["It grinds. It stands."])
        []
        """
        if self.kind != CONTEXT:
            return [document]
        fields = (document.id, document.title, document.text, document.metadata)
        return [DocumentPassage(*fields, passage) for passage in passages if len(passages) > 1]


def load_instructions(
    kinds: tuple[str, ...], language: str, own: Templates | None = None
) -> list[Instruction]:
    """Read the instructions for some kinds of views.

    Parameters
    ----------
    kinds
        Kinds of views, of `KINDS`.
    language
        Of the instruction and of what is to be written. Languages that the package has no
        instructions for take the English ones.
    own
        The user's; by default the package's.

    Raises
    ------
    CorpusTunerError
        If the file cannot be read, or a template is missing or has unknown fields.
    """
    templates: Mapping[str, object]
    if isinstance(own, Mapping):
        where, templates = "instructions", own
    else:
        path = own or _FOLDER / f"{language}.yaml"
        if own is None and not path.is_file():
            path = _FOLDER / "en.yaml"
        where, templates = str(path), _read(path)
    system = templates.get("system", "")
    if not isinstance(system, str):
        raise CorpusTunerError(f"{where}, 'system': a system message must be a text")
    return [
        Instruction(kind, language, _template(templates.get(kind), kind, where), system)
        for kind in kinds
    ]


def _read(path: Path) -> Mapping[str, object]:
    try:
        templates = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CorpusTunerError(f"cannot read the instructions {path}: {error}") from error
    if not isinstance(templates, dict):
        raise CorpusTunerError(f"{path} must map kinds of views to templates")
    return templates


def _template(template: object, kind: str, where: str) -> str:
    if not isinstance(template, str):
        raise CorpusTunerError(f"{where} has no template (a text) for {kind!r}")
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise CorpusTunerError(f"{where}, {kind!r}: {error} (write a brace as {{{{ )") from error
    needed = {"text", "passage"} if kind == CONTEXT else {"text"}
    if not needed <= fields or not fields <= needed | {"title"}:
        found = ", ".join(sorted(fields)) or "none"
        names = " and ".join(f"{{{name}}}" for name in sorted(needed, reverse=True))
        raise CorpusTunerError(
            f"{where}, {kind!r}: a template needs {names}, may have {{title}}, and has: {found}"
        )
    return template
