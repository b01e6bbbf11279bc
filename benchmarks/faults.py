"""Fault injection: killed processes, disks that fail, damaged files, malformed requests.

Run: python -m benchmarks.faults [--rounds N] [--seed S] [--json]

On a part of the English sample, with the embedded encoder, in a temporary folder. N kills of a real
process at random moments; N disks that are full at a random size of a file; 2 N that fail from the
n-th time on that a file is to be synced, cut or moved, n being random; 20 N damaged files; 100 N
malformed requests to the service. docs/guide/reliability.md has the counts of a run.
"""

import argparse
import errno
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import corpus_tuner as ct
from corpus_tuner.corpora.sample import sample_folder
from corpus_tuner.encoders import Encoder, EncoderSettings, Vectors, open_encoder
from corpus_tuner.indexes.store.manifest import read_manifest
from tests.fault_injection import (
    PROCESSES,
    damage_file,
    fail_writes,
    list_files_to_damage,
    start_command,
    wait_for_exit,
)

Table = dict[str, Counter[str]]
QUERIES = ["clothes with small holes", "pain in the knee after running", "how to save a backup"]
RECIPE = ["language=en", "generator=null", "views.sentences=8", "documents_at_once=16"]
_RECORDS = 40
_JSON = {"Content-Type": "application/json"}
_SECONDS = 60  # after which a search is taken to hang


def main() -> None:
    """Run all faults and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)
    found: dict[str, Table] = {}
    with tempfile.TemporaryDirectory() as folder:
        encoder = open_encoder(EncoderSettings())
        trial = Trial(Path(folder), encoder)
        parts: dict[str, Callable[[], Table]] = {
            "killed at a random moment": lambda: trial.kill_commands(chosen.rounds, chance),
            "disk full at a random size of a file": lambda: trial.limit_files(
                chosen.rounds, chance
            ),
            "disk fails from a random step on": lambda: trial.fail_calls(2 * chosen.rounds, chance),
            "damaged files": lambda: trial.damage_files(20 * chosen.rounds, chance),
            "malformed requests": lambda: send_requests(trial.index, 100 * chosen.rounds, chance),
        }
        for name, run in parts.items():
            begin = time.monotonic()
            found[name] = run()
            seconds = time.monotonic() - begin
            if not chosen.json:
                print(f"\n{name} ({seconds:.0f} s)\n\n{format_table(found[name])}", flush=True)
    if chosen.json:
        print(json.dumps({name: list_rows(table) for name, table in found.items()}, indent=2))


class Trial:
    """An index, commands that change it, and its state before and after each of them.

    Parameters
    ----------
    folder
        Empty folder.
    encoder
        Encoder of the default recipe.

    Attributes
    ----------
    index
        Folder of the index, which is restored after every fault.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        records = (sample_folder("en") / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
        old, new = folder / "old.jsonl", folder / "new.jsonl"
        old.write_text("\n".join(records[:_RECORDS]), encoding="utf-8")
        new.write_text("\n".join(records[10 : _RECORDS + 10]), encoding="utf-8")
        self.index = folder / "index"
        self._backup = folder / "backup"
        self._encoder = encoder
        settings = ct.load_recipe(None, [*RECIPE, "calibrate=false"])
        ct.build(old, self.index, settings, encoder=encoder)
        ids = [json.loads(record)["_id"] for record in records[:3]]
        more = [ct.Document("more", "", "The old mill grinds wheat by the river.")]
        ct.add(self.index, more, encoder=encoder)
        shutil.copytree(self.index, self._backup)
        recipe = [part for one in (*RECIPE, "calibrate=false") for part in ("--set", one)]
        index = self.index
        self._commands: dict[str, list[object]] = {
            "build": ["build", new, "-o", index, "--fresh", *recipe],
            "sync": ["build", new, "-o", index, *recipe],
            "remove": ["index", "remove", index, *ids],
            "merge": ["index", "merge", index],
            "calibrate": ["index", "calibrate", index],
        }
        self._changes: dict[str, Callable[[], object]] = {
            "build": lambda: ct.build(new, index, settings, encoder=encoder, fresh=True),
            "sync": lambda: ct.build(new, index, settings, encoder=encoder),
            "remove": lambda: ct.remove(index, ids),
            "merge": lambda: ct.merge(index),
            "calibrate": lambda: ct.calibrate(index, encoder=encoder),
        }
        self._before = read_state(index)
        self._after: dict[str, object] = {}
        self._took: dict[str, float] = {}
        for name, command in self._commands.items():
            begin = time.monotonic()
            assert wait_for_exit(start_command(*command)) == 0, name
            self._took[name] = time.monotonic() - begin
            self._after[name] = read_state(index)
            self._restore()

    def kill_commands(self, rounds: int, chance: random.Random) -> Table:
        """Kill a command, check the index, and run the command again."""
        table: Table = {name: Counter() for name in self._commands}
        for number in range(rounds):
            name = [*self._commands][number % len(self._commands)]
            process = start_command(*self._commands[name])
            time.sleep(chance.uniform(0, self._took[name]))
            process.kill()
            table[name]["tried"] += 1
            table[name]["killed before its end"] += wait_for_exit(process) < 0
            self._judge(name, table[name])
        return table

    def limit_files(self, rounds: int, chance: random.Random) -> Table:
        """Limit the size of the files that a command writes."""
        table: Table = {name: Counter() for name in self._commands}
        most = max(file.stat().st_size for file in list_files_to_damage(self.index))
        for number in range(rounds):
            name = [*self._commands][number % len(self._commands)]
            limit = int(most ** chance.uniform(0.3, 1))
            code = wait_for_exit(start_command(*self._commands[name], file_limit=limit))
            table[name]["tried"] += 1
            table[name]["refused with a clear error"] += code == 2
            table[name]["other ends"] += code not in (0, 2)
            self._judge(name, table[name])
        return table

    def fail_calls(self, rounds: int, chance: random.Random) -> Table:
        """Let system calls fail from a random one on."""
        table: Table = {}
        steps: dict[str, int] = {}
        for name, change in self._changes.items():
            with fail_writes(sys.maxsize) as calls:
                change()
            steps[name] = len(calls)
            self._restore()
        for number in range(rounds):
            name = [*steps][number % len(steps)]
            error = chance.choice([errno.ENOSPC, errno.EIO])
            counts = table.setdefault(name, Counter())
            counts["tried"] += 1
            try:
                with fail_writes(chance.randint(1, steps[name]), error):
                    self._changes[name]()
                counts["other ends"] += 1
            except (ct.SearchIndexError, ct.CorpusTunerError):
                counts["refused with a clear error"] += 1
            except Exception:
                counts["other ends"] += 1
            self._judge(name, counts, self._changes[name])
        return table

    def damage_files(self, count: int, chance: random.Random) -> Table:
        """Damage a file, check the index, and open and search it without that."""
        table: Table = {}
        vectors = self._encoder.encode_queries(QUERIES)
        known = (self._encoder.name, self._encoder.fingerprint, vectors)
        usual = search_in_process(self.index, known, True)
        assert isinstance(usual, list), usual
        for _ in range(count):
            every = list_files_to_damage(self.index)
            file = chance.choice(every)
            how = damage_file(file, [one for one in every if one != file], chance)
            counts = table.setdefault(how, Counter())
            counts["tried"] += 1
            counts["found by check"] += self._is_detected()
            for small, when in ((True, ""), (False, ", large files")):
                answer = search_in_process(self.index, known, small)
                if isinstance(answer, str):
                    counts[f"{answer}{when}"] += 1
                else:
                    kind = "right answers" if answer == usual else "wrong answers"
                    counts[f"{kind}{when}"] += 1
            self._restore()
        return table

    def _is_detected(self) -> bool:
        try:
            return bool(ct.check(self.index))
        except ct.SearchIndexError:
            return True

    def _judge(self, name: str, counts: Counter[str], again: Callable[[], object] = int) -> None:
        """Count the states of the index after a fault, and after another run without one."""
        now = read_state(self.index)
        counts["index as before"] += now == self._before
        counts["index as after"] += now == self._after[name] != self._before
        counts["index lost"] += now not in (self._before, self._after[name])
        if again is int:
            counts["resumed"] += wait_for_exit(start_command(*self._commands[name])) == 0
        else:
            again()
            counts["resumed"] += 1
        counts["not as it should be then"] += read_state(self.index) != self._after[name]
        self._restore()

    def _restore(self) -> None:
        shutil.rmtree(self.index)
        shutil.copytree(self._backup, self.index)


def read_state(index: Path) -> object:
    """Return the documents of an index and whether it is calibrated, or its problems."""
    try:
        problems = ct.check(index)
        manifest = read_manifest(index)
    except ValueError as error:
        return str(error)
    return problems or (manifest.digest, manifest.documents, bool(manifest.calibration))


class KnownQueries:
    """Encoder with stored vectors of the queries."""

    def __init__(self, name: str, fingerprint: str, vectors: Vectors) -> None:
        self.name, self.fingerprint = name, fingerprint
        self.dimension = vectors.shape[1]
        self._vectors = vectors

    def encode_queries(self, texts: Any) -> Vectors:
        """Return vectors of shape (texts, dimension)."""
        return np.stack([self._vectors[QUERIES.index(text)] for text in texts])


def search_in_process(index: Path, known: tuple[str, str, Vectors], small: bool) -> list[Any] | str:
    """Return the results of a search in another process, or how the process ended.

    Parameters
    ----------
    index
        Folder of the index.
    known
        Name and fingerprint of the encoder, and the vectors of the queries.
    small
        Whether to compare the checksums of small files, as is usual; without it the index behaves
        as a large one does.
    """
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_search, args=(index, known, small, there))
    process.start()
    there.close()
    try:
        answer: list[Any] | str = here.recv() if here.poll(_SECONDS) else "hangs"
    except EOFError:
        answer = "process died"
    process.kill()
    process.join()
    return answer


def _search(index: Path, known: tuple[str, str, Vectors], small: bool, answer: Any) -> None:
    from corpus_tuner.indexes import searcher as module

    if not small:
        vars(module)["_SMALL"] = -1
    try:
        searcher = ct.Searcher.open(index, encoder=KnownQueries(*known))
    except ct.SearchIndexError:
        answer.send("refused when opened")
        return
    except Exception as error:
        answer.send(f"raw {type(error).__name__}")
        return
    try:
        found = searcher.search(QUERIES, 20)
        answer.send([[(hit.document, hit.score, hit.view.text) for hit in hits] for hits in found])
    except ct.SearchIndexError:
        answer.send("refused when searched")
    except Exception as error:
        answer.send(f"raw {type(error).__name__}")


def send_requests(index: Path, count: int, chance: random.Random) -> Table:
    """Send malformed requests to the service, and count its responses."""
    from fastapi.testclient import TestClient

    from corpus_tuner.server.app import create_app

    table: Table = {}
    app = create_app(ct.Searcher.open(index))
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        for _ in range(count):
            kind, send = chance.choice([*list_malformed(chance)])
            answer = send(client)
            counts = table.setdefault(kind, Counter())
            counts["tried"] += 1
            counts[f"{answer.status_code // 100}xx"] += 1
            counts["shows a path"] += str(index) in answer.text
        counts = table.setdefault("a search afterwards", Counter())
        counts["tried"] += 1
        counts[f"{client.post('/v1/search', json={'query': 'mill'}).status_code // 100}xx"] += 1
    return table


def list_malformed(chance: random.Random) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Yield one malformed request of every kind, and its kind."""
    strange: list[Any] = [None, -1, 0, 10**30, 1e400, "", "\x00", "\ud800", [], {}, [[]], True]
    strange += [{"a": {"$x": 1}}, "(" * 300, '"' * 300, "a" * 200_000, {"not": {"not": None}}]
    field = chance.choice(["query", "k", "mode", "filter", "queries", "explain", "nosuch"])
    value = chance.choice(strange)
    body = json.dumps({"query": "mill", field: value}).encode()
    yield "a strange value", lambda client: client.post("/v1/search", headers=_JSON, content=body)
    at = chance.randrange(len(body))
    cut = body[:at] if chance.random() < 0.5 else body[:at] + bytes([chance.randrange(256)])
    yield (
        "cut or flipped JSON",
        lambda client: client.post("/v1/search", headers=_JSON, content=cut),
    )
    noise = chance.randbytes(chance.randrange(2_000))
    yield "noise", lambda client: client.post("/v1/search", headers=_JSON, content=noise)
    deep = chance.choice(["[", '{"filter":']).encode() * chance.randrange(1, 50_000)
    yield "deep nesting", lambda client: client.post("/v1/search", headers=_JSON, content=deep)
    text = "".join(chance.choices("%/.\\?#=&:\x7f'\"<>(){}[]!ä aN1", k=chance.randrange(60)))
    yield (
        "a strange address",
        lambda client: client.get("/v1/documents/" + text.replace("\x7f", "")),
    )
    parameters = {"q": text or "a", "k": chance.choice(["7", "-1", "x", "1e9"]), "filter": text}
    yield "a strange filter", lambda client: client.get("/v1/search", params=parameters)
    method = chance.choice(["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "POST"])
    path = chance.choice(["/", "/v1/search", "/v1/documents/x", "/docs", "/assets/../x"])
    yield "another method", lambda client: client.request(method, path)


def list_rows(table: Table) -> dict[str, dict[str, int]]:
    """Return a table with a row for the sum, without empty columns."""
    total: Counter[str] = Counter()
    for counts in table.values():
        total.update(counts)
    rows = {**table, "all": total}
    return {
        name: {what: counts[what] for what in total if total[what]} for name, counts in rows.items()
    }


def format_table(table: Table) -> str:
    """Return a table as Markdown."""
    rows = list_rows(table)
    columns = [*rows["all"]]
    lines = ["| | " + " | ".join(columns) + " |", "| --- |" + " --: |" * len(columns)]
    lines += [
        f"| {name} | " + " | ".join(f"{n:,}" for n in row.values()) + " |"
        for name, row in rows.items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
