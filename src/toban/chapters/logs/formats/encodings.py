"""Lines in other encodings become UTF-8. Pure."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping

from toban.engine.bindings.senders import LogEncoding

_CODECS: Mapping[LogEncoding, str] = {
    # What Japanese systems call by these names has characters that the standards lack, such as ①.
    "shift_jis": "cp932",
    "euc-jp": "euc_jis_2004",
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_MARKS: Mapping[bytes, str] = {BOM_UTF16_LE: "utf-16-le", BOM_UTF16_BE: "utf-16-be"}


def in_utf8(content: bytes, encoding: LogEncoding | None) -> bytes:
    """Return *content* in UTF-8; a byte order mark of UTF-16 or UTF-8 wins over *encoding*.

    Bytes that are none of the encoding become U+FFFD, and never take the end of a line with them.
    """
    if content.startswith(BOM_UTF8):
        return content
    codec = _MARKS.get(content[:2]) or _CODECS.get(encoding or "utf-8")
    if codec is None:
        return content
    return content.decode(codec, "replace").removeprefix("\ufeff").encode("utf-8", "replace")
