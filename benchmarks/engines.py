"""Which engine reads documents best on a CPU: speed, memory and loss of those that run MiniLM.

Run: python -m benchmarks.engines CORPUS [COLLECTION ...] [--documents N] [--only ENGINE ...]

Documents and sentences of CORPUS are read by all engines in turn. Seconds are of the processor, so
that other work on the machine matters little. The baseline is `SentenceTransformer.encode` as it
comes; the others get batches of one length in tokens. COLLECTIONs are folders in BEIR layout:
the baseline reads their queries, the engine their documents. All run on one thread.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from corpus_tuner import Corpus, sample_folder
from corpus_tuner.encoders import Vectors, embedded, normalize_rows
from corpus_tuner.encoders.batching import batch_by_tokens
from corpus_tuner.eval.benchmarks.beir_folder import load_benchmark
from corpus_tuner.eval.trec.benchmark import Benchmark
from corpus_tuner.eval.trec.measures import measure
from corpus_tuner.text.sentences import split_sentences

BASELINE = "PyTorch float32, as it comes"
TOKENS = 256  # of a text, as the model's own settings say
TOKENS_AT_ONCE = 512

Encode = Callable[[Sequence[str]], Vectors]
Start = Callable[[Path], Encode]
"""Given a folder to keep files in, return what encodes texts.

Libraries are imported then, so that a process with one engine takes that one's memory.
"""


def batched(states: Callable[[list[list[int]]], Any]) -> Encode:
    """Return what encodes texts by batches of one length, given what computes their states."""
    tokenizer = Tokenizer.from_file(str(embedded.get_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS)

    def encode(texts: Sequence[str]) -> Vectors:
        tokens = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
        pooled: list[Any] = [None] * len(texts)
        for batch in batch_by_tokens([len(ids) for ids in tokens], TOKENS_AT_ONCE):
            found = np.asarray(states([tokens[text] for text in batch])).mean(axis=1)
            for text, vector in zip(batch, found, strict=True):
                pooled[text] = vector
        return normalize_rows(np.stack(pooled), "MiniLM")

    return encode


def sentence_transformer() -> Any:
    import_module("torch").set_num_threads(1)
    library = import_module("sentence_transformers")
    return library.SentenceTransformer(str(embedded.get_folder()), device="cpu").eval()


def as_it_comes(_folder: Path) -> Encode:
    encode = sentence_transformer().encode
    return lambda texts: np.asarray(encode(list(texts)))


def pytorch(dtype: str) -> Start:
    def start(_folder: Path) -> Encode:
        torch = import_module("torch")
        model = sentence_transformer()[0].auto_model.to(getattr(torch, dtype))

        def states(tokens: list[list[int]]) -> Any:
            with torch.inference_mode():
                return model(torch.tensor(tokens)).last_hidden_state.float().numpy()

        return batched(states)

    return start


def ctranslate2(compute: str) -> Start:
    def start(folder: Path) -> Encode:
        conversion = import_module("corpus_tuner.encoders.ctranslate2_runtime")
        converted = folder / f"ctranslate2-{compute}"
        if not converted.exists():
            model = sentence_transformer()
            converted.mkdir()
            conversion.convert(model[0].auto_model, model.tokenizer, converted, compute)
        with conversion.fastest_instructions():
            encoder = import_module("ctranslate2").Encoder(
                str(converted), compute_type=compute, inter_threads=1, intra_threads=1
            )
        return batched(lambda tokens: np.array(encoder.forward_batch(tokens).last_hidden_state))

    return start


def exported(folder: Path) -> Path:
    """Write the transformer as ONNX, without a mask: batches of one length need none."""
    path = folder / "float32.onnx"
    if not path.exists():
        torch = import_module("torch")
        transformer = sentence_transformer()[0].auto_model
        transformer.set_attn_implementation("eager")

        class States(torch.nn.Module):  # type: ignore[misc, name-defined]
            def forward(self, ids: Any) -> Any:
                return transformer(ids, torch.ones_like(ids)).last_hidden_state

        torch.onnx.export(
            States().eval(),
            (torch.full((2, 9), 2000),),
            path,
            input_names=["ids"],
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC},),
            external_data=False,
            verbose=False,
        )
    return path


def onnx_runtime(weights: str | None) -> Start:
    """Start ONNX Runtime in float32, or with weights of an integer type.

    Where there are no instructions for products of bytes (VNNI), sums of two products overflow if
    weights have a sign and eight bits: those get seven.
    """

    def start(folder: Path) -> Encode:
        runtime = import_module("onnxruntime")
        path = exported(folder)
        if weights is not None:
            quantization = import_module("onnxruntime.quantization")
            path = folder / f"{weights}.onnx"
            if not path.exists():
                quantization.quantize_dynamic(
                    exported(folder),
                    path,
                    weight_type=quantization.QuantType[weights],
                    per_channel=True,
                    reduce_range=weights == "QInt8",
                )
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return batched(lambda tokens: session.run(None, {"ids": np.array(tokens)})[0])

    return start


def openvino(form: str) -> Start:
    """Start OpenVINO in float32, with ``weights`` in int8, or with activations in ``int8``, too."""

    def start(folder: Path) -> Encode:
        library = import_module("openvino")
        path = folder / f"openvino-{form}.xml"
        if not path.exists():
            model = library.convert_model(exported(folder))
            library.save_model(compressed(model, form), path, compress_to_fp16=False)
        settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
        compiled = library.Core().compile_model(path, "CPU", settings)
        return batched(lambda tokens: compiled([np.array(tokens)])[0])

    return start


def compressed(model: Any, form: str) -> Any:
    """Put a model of OpenVINO into int8 by means of NNCF, which reads the sample corpora for it."""
    if form == "float32":
        return model
    nncf = import_module("nncf")
    if form == "weights":
        return nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
    tokenizer = Tokenizer.from_file(str(embedded.get_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(TOKENS)
    texts = [text for code in ("en", "de") for text in texts_of(sample_folder(code)).values()]
    tokens = [np.array([encoding.ids]) for encoding in tokenizer.encode_batch(texts)]
    return nncf.quantize(model, nncf.Dataset(tokens), model_type=nncf.ModelType.TRANSFORMER)


ONNX = ("onnx", "onnxruntime", "onnxscript")
NNCF = ("nncf", "onnx", "onnxscript", "openvino")
ENGINES: dict[str, tuple[Start, tuple[str, ...]]] = {
    BASELINE: (as_it_comes, ()),
    "PyTorch float32": (pytorch("float32"), ()),
    "PyTorch bfloat16": (pytorch("bfloat16"), ()),
    "CTranslate2 float32": (ctranslate2("float32"), ()),
    "CTranslate2 bfloat16": (ctranslate2("bfloat16"), ()),
    "CTranslate2 int8": (ctranslate2("int8"), ()),
    "ONNX Runtime float32": (onnx_runtime(None), ONNX),
    "ONNX Runtime int8": (onnx_runtime("QInt8"), ONNX),
    "ONNX Runtime uint8": (onnx_runtime("QUInt8"), ONNX),
    "OpenVINO float32": (openvino("float32"), NNCF[1:]),
    "OpenVINO int8 weights": (openvino("weights"), NNCF),
    "OpenVINO int8": (openvino("int8"), NNCF),
}
"""What starts an engine, and the packages that it needs beyond those of this project."""


def started(folder: Path, names: Sequence[str]) -> dict[str, Encode]:
    """Start the baseline and the engines named, and print why others cannot be."""
    engines = {}
    for name in (name for name in ENGINES if name in (BASELINE, *names)):
        start, packages = ENGINES[name]
        if missing := [package for package in packages if find_spec(package) is None]:
            print(f"{name} is left out: pip install {' '.join(missing)}")
            continue
        try:
            engines[name] = start(folder)
        except ValueError as error:  # no instructions for it
            print(f"{name} is left out: {error}")
    return engines


def texts_of(corpus: Path, count: int | None = None) -> dict[str, str]:
    """Return what is read of documents, by their ids."""
    documents = islice(Corpus(str(corpus)), count)
    return {document.id: f"{document.title} {document.text}".strip() for document in documents}


def ndcg(queries: Vectors, documents: Vectors, ids: Sequence[str], judged: Benchmark) -> float:
    """Return nDCG@10 of a search by cosines, out of 100."""
    run = {}
    for query, scores in zip(judged.queries, (queries @ documents.T).round(6), strict=True):
        best = sorted(zip((-scores).tolist(), ids, strict=True))[:10]
        run[query] = [(document, 1 / rank) for rank, (_, document) in enumerate(best, 1)]
    return 100 * measure(judged.qrels, run, ["nDCG@10"])["nDCG@10"]


def peak(engine: str, folder: Path, chosen: argparse.Namespace) -> float:
    """Return the peak memory, in MiB, of a process that does no more than read 50 documents."""
    command = [sys.executable, "-m", "benchmarks.engines", str(chosen.corpus)]
    command += ["--documents", "50", "--peak", engine, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


def compare(texts: dict[str, list[str]], folder: Path, chosen: argparse.Namespace) -> None:
    """Measure all engines, and print a row about every one."""
    engines = started(folder, chosen.only)
    columns = [*texts, *(f"ratio, {kind}" for kind in texts), "mean cosine", "least", "peak, MiB"]
    print("| engine |", " | ".join([*columns, *(path.name for path in chosen.collections)]), "|")
    print("|---|" + "---:|" * (len(columns) + len(chosen.collections)))
    collections = [load_benchmark(path) for path in chosen.collections]
    queries = [engines[BASELINE](list(judged.queries.values())) for judged in collections]
    counts = np.array([len(some) for some in texts.values()])
    for name, encode in engines.items():
        encode(texts["documents/s"][:5])  # warm up
        spent, vectors = [], []
        for some in texts.values():
            begin = time.process_time()
            vectors.append(encode(some))
            spent.append(time.process_time() - begin)
        points = []
        for path, judged, requested in zip(chosen.collections, collections, queries, strict=True):
            documents = texts_of(path)
            points.append(
                ndcg(requested, encode(list(documents.values())), list(documents), judged)
            )
        if name == BASELINE:
            cost, exact, usual = np.array(spent), vectors[0], points
        cosines = (vectors[0] * exact).sum(axis=1)
        cells = [f"{speed:.1f}" for speed in counts / spent]
        cells += [f"{ratio:.2f}" for ratio in cost / spent]
        cells += [f"{cosine:.5f}" for cosine in (cosines.mean(), cosines.min())]
        cells += [f"{peak(name, folder, chosen):.0f}"]
        cells += [f"{one:.2f} ({one - was:+.2f})" for one, was in zip(points, usual, strict=True)]
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("collections", nargs="*", type=Path)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--only", nargs="+", default=list(ENGINES), help="these engines")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    documents = list(texts_of(chosen.corpus, chosen.documents).values())
    if chosen.peak:
        engine, folder = chosen.peak
        ENGINES[engine][0](Path(folder))(documents)
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        print(status.split("VmHWM:")[1].split()[0])
        return
    split = (one.strip() for text in documents for one in split_sentences(text, "en"))
    sentences = list(islice(filter(None, split), chosen.sentences))
    with tempfile.TemporaryDirectory() as temporary:
        compare({"documents/s": documents, "sentences/s": sentences}, Path(temporary), chosen)


if __name__ == "__main__":
    main()
