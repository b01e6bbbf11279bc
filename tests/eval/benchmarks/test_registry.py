"""Benchmarks by name: the registry's data, and fetching."""

import zipfile
from pathlib import Path

import pytest

from corpus_tuner.errors import EvaluationError, OutOfReachError
from corpus_tuner.eval.benchmarks.download import fetch, unpack
from corpus_tuner.eval.benchmarks.registry import Archive, Entry, Hub, expand, recognise, registry
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import parse_measure

SAMPLES = {"sample-en", "sample-de"}


def test_the_registry_is_whole() -> None:
    known = registry()
    for name, entry in known.benchmarks.items():
        assert name == name.lower()
        assert entry.sources, name
        parse_measure(entry.measure)
        for reference in entry.references:
            assert reference.source
            for measure, value in reference.measures.items():
                parse_measure(measure)
                assert 1 < value <= 100, (name, reference)  # points, not fractions
    for members in known.suites.values():
        assert set(members) <= known.benchmarks.keys() | SAMPLES
    assert {entry.language for entry in known.benchmarks.values()} == {"en", "de", "pt"}
    assert known.benchmarks["arguana"].remove_self


def test_suites_stand_for_their_members() -> None:
    assert expand(["quick", "scifact"]) == ["sample-en", "sample-de", "scifact"]


def test_a_benchmark_is_recognised_by_name_and_size() -> None:
    queries = {str(number): "?" for number in range(300)}
    assert recognise(Benchmark("scifact", "", queries, {})) is registry().benchmarks["scifact"]
    assert recognise(Benchmark("scifact", "", {"1": "?"}, {})) is None
    assert recognise(Benchmark("mine", "", queries, {})) is None


def pack(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    return path


def test_an_archive_is_unpacked_by_name_and_cannot_escape(tmp_path: Path) -> None:
    folder = tmp_path / "into"
    (folder / "qrels").mkdir(parents=True)
    archive = pack(
        tmp_path / "a.zip",
        {
            "made/corpus.jsonl": "c",
            "made/queries.jsonl": "q",
            "made/qrels/test.tsv": "t",
            "../../escaped.jsonl": "bad",
            "made/qrels/../../../escaped.tsv": "bad",
            "made/notes.txt": "n",
        },
    )
    unpack(archive, folder)
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {"corpus.jsonl", "queries.jsonl", "qrels/test.tsv"}
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip", "into"}
    with pytest.raises(EvaluationError, match=r"has no queries\.jsonl"):
        (folder / "queries.jsonl").unlink()
        unpack(pack(tmp_path / "b.zip", {"corpus.jsonl": "c"}), folder)
    (tmp_path / "c.zip").write_bytes(b"no zip")
    with pytest.raises(EvaluationError, match="no zip, or damaged"):
        unpack(tmp_path / "c.zip", folder)


def entry(*sources: Archive | Hub) -> Entry:
    return Entry(language="en", about="a", documents=1, queries=1, sources=sources)


def test_archives_are_checked_by_their_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    import corpus_tuner.eval.benchmarks.download as download

    members = {"m/corpus.jsonl": "c", "m/queries.jsonl": "q", "m/qrels/test.tsv": "t"}
    archive = pack(tmp_path / "m.zip", members)
    monkeypatch.setattr(download, "BEIR_ARCHIVES", tmp_path.as_uri())
    md5 = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
    with pytest.raises(EvaluationError, match="its MD5 is"):
        fetch(entry(Archive(beir="m", md5="0" * 32)), "m", tmp_path / "home")
    assert not (tmp_path / "home").exists()
    assert not list(tmp_path.glob("*.new"))
    fetch(entry(Archive(beir="m", md5=md5)), "m", tmp_path / "home")
    assert (tmp_path / "home" / "qrels" / "test.tsv").read_text(encoding="utf-8") == "t"


def test_what_cannot_be_fetched_names_every_reason(tmp_path: Path) -> None:
    sources = (
        Archive(beir="m", md5="0"),
        Hub(hub="no/such", corpus=("a", "b"), queries=("a", "b"), qrels=("a", "b")),
    )
    import corpus_tuner.eval.benchmarks.download as download

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download, "BEIR_ARCHIVES", (tmp_path / "nowhere").as_uri())
        patch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
        with pytest.raises(EvaluationError) as refused:
            fetch(entry(*sources), "m", tmp_path / "home")
    message = str(refused.value)
    assert "cannot be fetched" in message
    assert "m.zip" in message
    assert "hf:no/such" in message
    assert "Put it there in BEIR layout" in message


def test_without_a_network_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import corpus_tuner.eval.benchmarks.download as download

    pytest.importorskip("datasets")
    monkeypatch.setattr(download, "BEIR_ARCHIVES", "http://127.0.0.1:1")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    part = ("a", "b")
    hub = Hub(hub="no/such", corpus=part, queries=part, qrels=part)
    with pytest.raises(OutOfReachError) as refused:
        fetch(entry(Archive(beir="m", md5="0"), hub), "m", tmp_path / "home")
    (message,) = str(refused.value).splitlines()
    for text in ("m.zip: no answer", "hf:no/such: no answer", "put it there in BEIR layout"):
        assert text in message
    assert capfd.readouterr().err == ""


def test_a_hub_dataset_becomes_a_beir_folder(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark

    local = tmp_path / "hub"
    local.mkdir()
    parts = {
        "corpus": [{"_id": 7, "title": "Mills", "text": "A mill grinds."}],
        "queries": [{"id": 1, "text": "what grinds?"}],
        "default": [{"query-id": 1, "corpus-id": 7, "score": 2.0}],
    }
    lines = ["---", "configs:"]
    for name, rows in parts.items():
        datasets.Dataset.from_list(rows).to_parquet(local / f"{name}.parquet")
        split = "test" if name == "default" else name
        files = f"[{{split: {split}, path: {name}.parquet}}]"
        lines += [f"- config_name: {name}", f"  data_files: {files}"]
    (local / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")
    source = Hub(
        hub=str(local),
        corpus=("corpus", "corpus"),
        queries=("queries", "some other split"),
        qrels=("default", "test"),
    )
    fetch(entry(source), "made", tmp_path / "home" / "made")
    made = load_benchmark(tmp_path / "home" / "made")
    assert made.queries == {"1": "what grinds?"}
    assert made.qrels == {"1": {"7": 2}}
