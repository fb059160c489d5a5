"""Where the members of a tar stream begin: there it may be cut into independent archives."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from toban.message import Message

_BLOCK = tarfile.BLOCKSIZE
_END = bytes(_BLOCK)


class NoTar(Exception):
    """The stream is not the tar that it should be."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of the stream; together they are the stream itself."""

    begins: str | None
    """The name of the member whose header this is; None for anything that continues the piece before."""
    content: memoryview
    size: int = 0
    """If a member begins here, the size in bytes of its content, which follows."""


class Members:
    """Follows one archive. It holds at most one header in memory."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._left = 0
        """Bytes to the next header: the content, and the padding of its last block."""
        self._has_ended = False

    def cuts(self, piece: memoryview) -> Iterator[Cut]:
        """Yield *piece*, cut before every member and after every header; raises `NoTar`."""
        while piece:
            if self._has_ended:
                yield Cut(None, piece)
                return
            if self._left:
                content, piece = piece[: self._left], piece[self._left :]
                self._left -= len(content)
                yield Cut(None, content)
                continue
            missing = _BLOCK - len(self._header)
            self._header += piece[:missing]
            piece = piece[missing:]
            if len(self._header) == _BLOCK:
                header, self._header = bytes(self._header), bytearray()
                yield self._enter(header)

    def _enter(self, header: bytes) -> Cut:
        if header == _END:
            self._has_ended = True
            return Cut(None, memoryview(header))
        try:
            member = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise NoTar(Message("backup-engines.not-tar", error=error)) from error
        size = member.size if member.isreg() else 0
        self._left = -(-size // _BLOCK) * _BLOCK
        return Cut(member.name, memoryview(header), size)
