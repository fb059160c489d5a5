"""One file of a tree: the same bytes for the same contents, wherever and whenever it is made."""

import hashlib
import os
import tarfile
from pathlib import Path


def pack(folder: Path, into: Path) -> str:
    """Pack *folder* as a tar file, which depends on names, contents and executability only.

    Returns its digest.
    """
    with into.open("wb") as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, str(path.relative_to(folder)), recursive=False, filter=_plain)
        file.flush()
        os.fsync(file.fileno())
    with into.open("rb") as packed:
        return hashlib.file_digest(packed, "sha256").hexdigest()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out owner, time and rights; and what is no file, folder or link."""
    if not (member.isfile() or member.isdir() or member.issym()):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    is_executable = member.isdir() or bool(member.mode & 0o100)
    member.mode = 0o755 if is_executable else 0o644
    return member
