"""Wheels from every kind of source hold the whole package, and one works in a fresh environment."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import nightly

ROOT = Path(__file__).parent.parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not in a clone"),
]


def run(*command: object, cwd: Path) -> str:
    """Run a command and return its standard output; fail with its errors."""
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def list_tracked(*paths: str) -> list[str]:
    return run("git", "ls-files", "-z", *paths, cwd=ROOT).rstrip("\0").split("\0")


def build(kind: str, source: Path, output: Path) -> Path:
    """Build a ``wheel`` or an ``sdist`` by the project's build backend; return the file."""
    program = f"from setuptools.build_meta import *; print(build_{kind}({str(output)!r}))"
    output.mkdir(parents=True, exist_ok=True)
    return output / run(sys.executable, "-c", program, cwd=source).splitlines()[-1]


def copy_without_links(folder: Path) -> Path:
    """Copy the tracked files as git checks them out with ``core.symlinks=false``."""
    for name in list_tracked():
        source, target = ROOT / name, folder / name
        if source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            content = (
                source.readlink().as_posix().encode()
                if source.is_symlink()
                else source.read_bytes()
            )
            target.write_bytes(content)
    return folder


def unpack_zip(folder: Path) -> Path:
    """Unpack an archive of the tree, as a hosting site offers it for download."""
    commit = run("git", "stash", "create", cwd=ROOT).strip() or "HEAD"
    archive = folder.with_suffix(".zip")
    run("git", "archive", "--format=zip", f"--output={archive}", commit, cwd=ROOT)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder


def unpack_sdist(folder: Path) -> Path:
    """Build a source distribution and unpack it."""
    archive = build("sdist", copy_without_links(folder / "clone"), folder / "dist")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


@pytest.mark.parametrize("prepare", [copy_without_links, unpack_zip, unpack_sdist])
def test_wheel_is_complete(tmp_path: Path, prepare: Callable[[Path], Path]) -> None:
    source = prepare(tmp_path / "source")
    with zipfile.ZipFile(build("wheel", source, tmp_path / "wheels")) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == {name for name in list_tracked("corpus_tuner") if (ROOT / name).exists()}


def test_source_distribution_has_tests_docs_and_changelog(tmp_path: Path) -> None:
    source = unpack_sdist(tmp_path)
    for name in list_tracked("tests", "docs", "examples", "benchmarks", "CHANGELOG.md", "LICENSE"):
        assert (source / name).exists() or not (ROOT / name).exists(), name


@pytest.mark.skipif(sys.platform == "win32", reason="paths of a POSIX environment")
def test_installed_wheel_works_offline(tmp_path: Path) -> None:
    wheel = build("wheel", unpack_sdist(tmp_path), tmp_path / "wheels")
    environment = tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=tmp_path)
    python = environment / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
        *("--no-index", "--no-deps", wheel),
        cwd=tmp_path,
    )
    # The dependencies are those of this environment, without what it has installed as editable.
    (packages,) = environment.glob("lib/*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    where = run(python, "-c", "import corpus_tuner; print(corpus_tuner.__file__)", cwd=tmp_path)
    assert where.startswith(str(environment))
    command = environment / "bin" / "corpus-tuner"
    if nightly():
        assert "sugar pills" in run(command, "quickstart", cwd=tmp_path)
    else:
        sample = packages / "corpus_tuner" / "corpora" / "sample" / "en" / "corpus.jsonl"
        some = sample.read_text(encoding="utf-8").splitlines(keepends=True)[20:30]
        (tmp_path / "c.jsonl").write_text("".join(some), encoding="utf-8")
        run(command, "build", "c.jsonl", "--output", "index", cwd=tmp_path)
        assert "Moths in flour" in run(command, "search", "index", "flour moths", cwd=tmp_path)
