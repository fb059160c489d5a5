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
            _add(archive, path, str(path.relative_to(folder)))
        file.flush()
        os.fsync(file.fileno())
    with into.open("rb") as packed:
        return hashlib.file_digest(packed, "sha256").hexdigest()


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Add *path*, without owner, time and rights; what is no file, folder or link is left out."""
    member = archive.gettarinfo(path, name)
    # None for a socket.
    if member is None or not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        return
    if member.islnk():
        # The second name of a file is a file like any other: it has the contents.
        member.type, member.linkname, member.size = tarfile.REGTYPE, "", path.stat().st_size
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    is_executable = member.isdir() or bool(member.mode & 0o100)
    member.mode = 0o755 if is_executable else 0o644
    if not member.isfile():
        archive.addfile(member)
        return
    with path.open("rb") as contents:
        archive.addfile(member, contents)
