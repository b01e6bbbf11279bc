"""Runs of characters without white space that are too long for words: base64, keys, minified code.

They fill passages without meaning, so they are removed from documents. Text in scripts that are
written without spaces remains.
"""

import re

LONGEST_RUN = 1_000
"""Maximum length of a run, in characters."""
SPACELESS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff\u19e0-\u19ff"  # Khmer
    "\u1950-\u19df\u1a20-\u1aaf"  # Tai Le, New Tai Lue, Tai Tham
    "\u1b00-\u1b7f\ua980-\ua9df"  # Balinese, Javanese
    "\u2e80-\u312f\u31a0-\ua4cf"  # radicals, punctuation, kana, bopomofo, Han, Yi
    "\ua9e0-\ua9ff\uaa60-\uaadf"  # Myanmar and Tai Viet
    "\uf900-\ufaff\uff00-\uffef"  # compatibility forms, full-width forms
    "\U00016fe0-\U0001b2ff\U0001f200-\U0001f2ff\U00020000-\U0003ffff"  # more Han and kana
)
"""Characters of scripts without spaces, for a class of a regular expression."""
_RUN = re.compile(rf"(?<![^\s{SPACELESS}])[^\s{SPACELESS}]{{{LONGEST_RUN + 1},}}")


def drop_long_runs(text: str) -> tuple[str, int]:
    """Return a text without its long runs, and the number of their characters.

    Examples
    --------
    >>> drop_long_runs(f"The picture {'iVBORw0K' * 200} shows a mill.")
    ('The picture   shows a mill.', 1600)
    """
    if len(text) <= LONGEST_RUN or max(map(len, text.split()), default=0) <= LONGEST_RUN:
        return text, 0
    parts = _RUN.split(text)
    return " ".join(parts), len(text) - sum(map(len, parts))
