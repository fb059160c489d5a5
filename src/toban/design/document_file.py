"""A document as a file: its text, or why it can't be read."""

from pathlib import Path

from toban.message import Message

MAX_BYTES = 10 * 1024 * 1024
"""The largest document read. The reference design has 13 kB; a larger file is certainly something else."""


class UnreadableDocument(Exception):
    """The document as a whole can't be read; the message says why, and `hint` gives the way out."""

    def __init__(self, message: Message, hint: Message) -> None:
        super().__init__(message)
        self.hint = hint


def text_of(path: Path) -> str:
    """Return what is in *path*; raise `UnreadableDocument`."""
    try:
        # Before reading: a log or an image given by mistake must not fill the memory.
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableDocument(
                Message("design.file-too-large", document=path, megabytes=MAX_BYTES // 1024 // 1024),
                Message("design.check-whether-a-design"),
            )
        content = path.read_bytes()
    except IsADirectoryError as flaw:
        raise UnreadableDocument(
            Message("design.file-is-a-folder", document=path), Message("design.name-a-file-in-it")
        ) from flaw
    except FileNotFoundError as flaw:
        raise UnreadableDocument(
            Message("design.no-such-file", document=path), Message("design.check-the-path")
        ) from flaw
    except (OSError, ValueError) as flaw:
        raise UnreadableDocument(
            Message("design.file-not-readable", document=path, error=flaw),
            Message("design.check-path-and-permission"),
        ) from flaw
    return _decoded(content, path)


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as flaw:
        for encoding, name in (("utf-16", "UTF-16"), ("cp932", "Shift_JIS"), ("euc_jp", "EUC-JP")):
            if encoding == "utf-16" and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
                continue
            try:
                content.decode(encoding)
            except UnicodeDecodeError:
                continue
            raise UnreadableDocument(
                Message("design.other-encoding", document=path, encoding=name),
                Message("design.convert-to-utf8", document=path, encoding=encoding.upper()),
            ) from flaw
        line = content.count(b"\n", 0, flaw.start) + 1
        raise UnreadableDocument(
            Message("design.not-utf8", document=path, line=line, byte=flaw.start),
            Message("design.save-as-utf8"),
        ) from flaw
