"""The text of a file, whatever encoding it was saved in; None for what holds none. Pure."""

import codecs
import re

_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Signs that no text has, besides tab, line ends, form feed and escape."""
_MARKED = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ENCODINGS = ("iso2022_jp", "utf-8", "cp932", "euc_jp")
"""What documents in Japan are saved in; the strictest first."""
_FORMATS = (b"%PDF-", b"{\\rtf", b"version https://git-lfs.github.com/spec/")
"""Files that look like text, and whose words are not what people read."""


def decoded(data: bytes, named: str = "") -> str | None:
    """Return the text of *data*; *named* is the encoding that its place says. None if it is no text."""
    for mark, encoding in _MARKED:
        if data.startswith(mark):
            return _strictly(data.removeprefix(mark), encoding)
    if _NO_TEXT.search(data) or data.startswith(_FORMATS):
        return None
    tried = (named, *_ENCODINGS) if named else _ENCODINGS
    return next((text for each in tried if (text := _strictly(data, each)) is not None), None)


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
