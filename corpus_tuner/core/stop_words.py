"""Lists of stop words, from bm25s.

They are read from its file: the package itself imports SciPy, which takes 0.3 s of every search on
the command line.

Examples
--------
>>> "the" in stopwords.STOPWORDS_EN
True
"""

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def _load_stop_words() -> Any:
    package = find_spec("bm25s")
    assert package is not None and package.origin is not None
    spec = spec_from_file_location("stopwords", Path(package.origin).with_name("stopwords.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stopwords = _load_stop_words()
"""The module ``bm25s.stopwords``."""
