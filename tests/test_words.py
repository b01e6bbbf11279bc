"""Words that the project does not use in names and prose. The glossary has the terms instead.

Run: python -m tests.test_words, which prints the counts by folder.
"""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("corpus_tuner", "benchmarks", "examples", "docs")
EXEMPT = {
    ROOT / "CHANGELOG.md",
    *(ROOT / "docs" / "research").glob("*.md"),
    ROOT / "corpus_tuner" / "text" / "abbreviations.yaml",
    ROOT / "benchmarks" / "few_shot.yaml",
    ROOT / "corpus_tuner" / "generation" / "prompts" / "en.yaml",
    Path(__file__),
}
"""History, negative results, lists of words of a language, and prompts."""

FORBIDDEN = {
    "workshop": "enricher",
    "ladder": "systems",
    "climb": "run_systems",
    "kept": "cached, stored, retained",
    "worth": "idf weight",
    "sharpness": "temperature",
    "grams": "ngrams",
    "hide": "soft_delete",
    "tidy": "collect_garbage",
    "alive": "live_docs",
    "unfinished": "in_progress",
    "hold": "reader_lock",
    "holding": "reader_lock",
    "alone": "only",
    "giving": "common",
    "remembering": "query_cache",
    "counting": "metrics",
    "movers": "per_query",
    "mend": "fix, correct",
    "told": "given",
    "asked": "requested",
    "place": "position, location",
}
"""Each word, and what is written instead."""
NAMES_ONLY = {"finding": "build_ann_index", "structure": "ann_index"}
"""Words that are forbidden as (parts of) names only."""
WORD = re.compile(r"(?<![a-z0-9][-.])(?<![a-z])[a-z]+")
"""A word in prose; the second part of ``n-grams`` or ``keep-alive`` is none."""
PHRASES = {
    "by words": "lexical search",
    "by vectors": "dense search",
    "what a kill leaves behind": "crash recovery",
    "parts of your own": "plugins",
}


def split_name(name: str) -> list[str]:
    """Return the words of an identifier, in lower case."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    return name.replace("keep_alive", "keepalive").split("_")  # the term of HTTP


def find_names(tree: ast.AST) -> Iterator[str]:
    """Yield the identifiers that a module defines or uses."""
    for node in ast.walk(tree):
        for field in ("name", "id", "attr", "arg"):
            if isinstance(name := getattr(node, field, None), str):
                yield name


def find_prose(source: str, all_strings: bool) -> Iterator[str]:
    """Yield the comments and docstrings of a module, or its comments and all strings."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        docstring = token.line.lstrip().startswith('"""')
        if token.type == tokenize.COMMENT or (
            token.type == tokenize.STRING and (all_strings or docstring)
        ):
            yield token.string


def find_forbidden(path: Path) -> Counter[str]:
    """Count the forbidden words of a file, names and prose together."""
    text = path.read_text(encoding="utf-8")
    found: Counter[str] = Counter()
    if path.suffix == ".py":
        words = [word for name in find_names(ast.parse(text)) for word in split_name(name)]
        words += path.stem.split("_")
        found.update(word for word in words if word in FORBIDDEN | NAMES_ONLY)
        # Strings of tests are mostly texts of documents.
        text = "\n".join(find_prose(text, all_strings="tests" not in path.parts))
    prose = " ".join(text.lower().replace("keep_alive", "keepalive").split())
    found.update(word for word in WORD.findall(prose) if word in FORBIDDEN)
    found.update({phrase: prose.count(phrase) for phrase in PHRASES if phrase in prose})
    return found


def group_files() -> dict[str, list[Path]]:
    """Return the files to search, by folder; those at the top of the repository by ``.``."""
    groups: dict[str, list[Path]] = {".": sorted(ROOT.glob("*.md"))}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".md", ".yaml", ".html", ".ipynb") and path not in EXEMPT:
                parts = path.relative_to(ROOT).parts[:-1]
                groups.setdefault("/".join(parts[:2]), []).append(path)
    return groups


def test_names_are_split_into_words() -> None:
    assert split_name("_KeptRuns2") == ["", "kept", "runs2"]
    assert split_name("asked_by") == ["asked", "by"]


@pytest.mark.parametrize("folder", group_files())
def test_words(folder: str) -> None:
    counts: Counter[str] = Counter()
    where = []
    for path in group_files()[folder]:
        if path not in EXEMPT and (found := find_forbidden(path)):
            counts += found
            where.append(f"{path.relative_to(ROOT)}: {dict(found)}")
    print(f"{folder}: {counts.total()} {dict(counts.most_common())}")
    assert where == []


if __name__ == "__main__":
    for group, paths in group_files().items():
        total = sum((find_forbidden(path) for path in paths if path not in EXEMPT), Counter())
        print(f"{total.total():5} {group:32} {dict(total.most_common())}")
