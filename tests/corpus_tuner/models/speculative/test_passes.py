"""Tree attention: one pass over a forest is as good as a pass for every text."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LogitsProcessorList

from corpus_tuner.models import Source, load_model
from corpus_tuner.models.reference import sampling
from corpus_tuner.models.speculative.passes import TreePasses
from corpus_tuner.models.speculative.tree import Tree
from corpus_tuner.models.writing import Decoding

PLAIN = Decoding(
    outputs=1,
    beams=2,
    temperature=1.0,
    top_p=1.0,
    top_k=0,
    no_repeat_ngram=0,
    max_new_tokens=8,
    batch_size=1,
)


@pytest.fixture(scope="module", params=["bart", "t5", "mt5"])
def model(request: pytest.FixtureRequest) -> Any:
    return load_model(Source(str(request.getfixturevalue(f"{request.param}_folder"))))[0]


def one_by_one(model: Any, source: list[int], text: list[int]) -> Any:
    with torch.inference_mode():
        read = model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([text]))
    return read.logits[0, -1].log_softmax(dim=0).numpy()


def test_a_pass_over_a_tree_is_as_a_pass_over_each_text(model: Any) -> None:
    source = [5, 9, 30, 44, 12, 7]
    tree = Tree([model.config.decoder_start_token_id, 11, 12], frozenset([3]))
    with torch.inference_mode():
        passes = TreePasses(model, source, PLAIN)
        left, right = tree.child(tree.root, 20), tree.child(tree.root, 21)
        deep = [tree.child(left, 30), tree.child(left, 31), tree.child(right, 30)]
        deeper = [tree.child(deep[2], 40), tree.child(deep[0], 41)]
        kept = [deep[2], deeper[1]]
        for nodes in ([tree.root], [left, right, *deep], deeper):
            check(passes, model, source, tree, nodes)
        passes.keep(tree, kept)
        later = [tree.child(deep[2], 50), tree.child(tree.child(deeper[1], 51), 52)]
        check(passes, model, source, tree, later)
        passes.keep(tree, later)
        again = tree.child(tree.child(left, 31), 60)  # whose parents were forgotten
        check(passes, model, source, tree, [again, tree.child(later[1], 61)])


def check(passes: TreePasses, model: Any, source: list[int], tree: Tree, nodes: list[int]) -> None:
    read = passes.read(tree, nodes)
    for row, node in zip(read, nodes, strict=True):
        text = [tree.tokens[step] for step in tree.path(node)]
        assert np.allclose(row, one_by_one(model, source, text), atol=1e-5)


@pytest.mark.parametrize(("top_k", "top_p"), [(0, 1.0), (5, 1.0), (0, 0.5), (20, 0.7)])
def test_what_follows_is_what_sampling_draws_from(
    bart_folder: Path, top_k: int, top_p: float
) -> None:
    model, _ = load_model(Source(str(bart_folder)))
    decoding = PLAIN._replace(temperature=0.7, top_k=top_k, top_p=top_p, no_repeat_ngram=2)
    tree = Tree([model.config.decoder_start_token_id, 11, 12, 11], frozenset([3]))
    with torch.inference_mode():
        (read,) = TreePasses(model, [5, 9, 30], decoding).read(tree, [tree.root])
    scores = torch.from_numpy(one_by_one(model, [5, 9, 30], tree.tokens))[None]
    scores[0, 12] = -torch.inf  # 11 12 would come twice
    steps = LogitsProcessorList(sampling([0], decoding, torch.device("cpu"))[:-1])
    expected = steps(torch.tensor([tree.tokens]), scores).log_softmax(dim=1)[0].numpy()
    assert np.allclose(read, expected, atol=1e-5)
