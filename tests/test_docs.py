"""The documentation: links lead somewhere, generated pages are current, the site builds."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

import corpus_tuner
from docs.generate import PAGES

ROOT = Path(__file__).parent.parent
PROSE = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
WIDTH = 100


def repository() -> str:
    """Return the address of the repository, which setup.cfg states."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return setup["metadata"]["url"]


def find_anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page: Path) -> None:
    files = re.escape(repository()) + r"/(?:blob|tree|raw)/main/"
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = re.sub(files, f"{ROOT}/", link).partition("#")
        if not re.match(r"[a-z]+:", path):
            target = page.parent / path if path else page
            if not target.exists() or (anchor and anchor not in find_anchors(target)):
                broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_prose_is_wrapped(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        pytest.skip("entries are one line each")
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    long = [line for line in prose.splitlines() if len(line) > WIDTH and "http" not in line]
    assert [line for line in long if not line.startswith("|")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_generated_pages_are_current(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == PAGES[page](), "run python -m docs.generate"


def test_the_reference_has_every_public_name() -> None:
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^::: corpus_tuner\.(\w+)$", text, re.M)) == corpus_tuner.__all__


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="pip install '.[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    api = (tmp_path / "reference" / "api" / "index.html").read_text(encoding="utf-8")
    assert 'id="corpus_tuner.Searcher.search"' in api


def test_readme_is_short_and_its_links_are_absolute() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", text)
    assert [one for one in map("".join, links) if not one.startswith("https://")] == []
