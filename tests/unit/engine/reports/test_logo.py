"""Which files are a logo."""

import struct

import pytest

from toban.engine.reports.kept.logo import LogoKind, kind_of

_PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR"


def png(wide: int, high: int) -> bytes:
    return _PNG + struct.pack(">II", wide, high) + b"\x08\x06\0\0\0"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png(400, 100), LogoKind.PNG),
        (png(3000, 3000), LogoKind.PNG),
        (png(3001, 1), None),
        (png(1, 100_000), None),
        (b'<?xml version="1.0"?><!-- a logo -->\n<svg xmlns="http://www.w3.org/2000/svg"/>', LogoKind.SVG),
        (b"<SVG/>", LogoKind.SVG),
        (b" " * 1000 + b"<svg/>", None),
        (b"GIF89a", None),
        (b"", None),
    ],
)
def test_a_logo_is_known_by_what_it_is(content: bytes, kind: LogoKind | None) -> None:
    assert kind_of(content) is kind
