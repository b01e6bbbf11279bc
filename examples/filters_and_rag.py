"""Search with metadata filters, and write the prompt of a language model from the passages.

Run: python examples/filters_and_rag.py
"""

import corpus_tuner as ct

PROMPT = """Answer the question from the passages. Cite their numbers. Say so if none answers it.

{passages}

Question: {question}"""


def make_prompt(searcher: ct.Searcher, question: str, k: int = 3) -> str:
    """Return a prompt with the passages that are most likely to answer the question."""
    # `min_probability` leaves out hits that are probably irrelevant, whatever their rank.
    hits = searcher.search(question, k=k, min_probability=0.01)
    passages = [
        f"[{hit.rank}] {' > '.join([hit.document.title, *hit.passage.headings])}\n"
        f"{hit.passage.text}"
        for hit in hits
        if hit.passage.text
    ]
    return PROMPT.format(passages="\n\n".join(passages), question=question)


ct.build(ct.sample_folder("en"), "my-index")
with ct.Searcher.open("my-index") as searcher:
    # Fields of the metadata, their types, and the number of documents that have them.
    print(searcher.fields)

    # Filters are applied before ranking: k hits are returned if k documents pass.
    for hit in searcher.search("itching", k=3, filter={"topic": "medical"}):
        print(hit.document.title, hit.document.metadata)

    # The same grammar as text, as on the command line.
    text = "topic!=medical AND id=en-everyday-*"
    print([hit.document.id for hit in searcher.search("itching", k=3, filter=text)])

    # Send the prompt to any language model. docs/guide/rag.md shows OpenAI's client.
    print(make_prompt(searcher, "Should I take metformin when I have a stomach bug?"))
