"""A file of a repository, by way of a mirror of its own. See `DocumentPlace`."""

import posixpath
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from toban.chapters.documents.places.decoding import decoded
from toban.chapters.documents.places.git.config import GitDocument
from toban.chapters.documents.places.place import DocumentMissing, FoundDocument, PlaceUnknown
from toban.chapters.documents.places.text import MOST_TEXT, file_digest, links_of
from toban.engine.git.failure import RepositoryFailed
from toban.engine.git.line import shown
from toban.engine.git.mirror import BareMirror
from toban.engine.git.program import Access, GitAnswer, GitFailed, over_https, over_ssh, protocol_of
from toban.engine.git.trouble import explained
from toban.message import Message

_NO = (0, 128)
"""Git's own word for what is not there is an error of its own."""


class GitPlace:
    """One file of a branch."""

    def __init__(self, config: GitDocument, folder: Path) -> None:
        self._config = config
        self._mirror = BareMirror(folder)

    def read(self) -> FoundDocument:
        """See `DocumentPlace`."""
        config = self._config
        try:
            self._mirror.fetch(config.url, self._access(), config.fetch_within.total_seconds())
            return self._found()
        except GitFailed as error:
            raise PlaceUnknown(explained(error).doubt, retry=True) from error
        except RepositoryFailed as error:
            raise PlaceUnknown(error.doubt, retry=error.retry) from error

    def is_there(self, link: str) -> bool | None:
        """See `DocumentPlace`: it knows the files and folders of its branch."""
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or not parts.path:
            return None
        written = unquote(parts.path)
        base = "" if written.startswith("/") else posixpath.dirname(self._config.path)
        path = posixpath.normpath(posixpath.join(base, written.lstrip("/")))
        # What leads out of the repository is somewhere else.
        if path.startswith("..") or not path.isprintable():
            return None
        return self._ask("cat-file", "-e", self._revision("" if path == "." else path)).status == 0

    def _found(self) -> FoundDocument:
        branch = self._ask("rev-parse", "--verify", "--quiet", self._revision(""), accepts=(0, 1, 128))
        if branch.status:
            raise DocumentMissing(Message("documents.no-branch", branch=self._config.branch))
        content = self._ask("cat-file", "blob", self._revision(self._config.path))
        if content.status:
            raise DocumentMissing(
                Message("documents.no-file", path=self._config.path, branch=self._config.branch)
            )
        told = self._ask(
            "log", "-1", "--no-mailmap", "--no-show-signature", "--format=%H%x00%ct%x00%an",
            f"refs/heads/{self._config.branch}", "--", f":(literal){self._config.path}",
        )  # fmt: skip
        commit, at, author = (*told.text.split("\0"), "", "", "")[:3]
        changed = datetime.fromtimestamp(int(at), UTC) if at.isdecimal() else None
        if (text := decoded(content.output)) is None:
            return FoundDocument("", commit, changed, shown(author), file_digest=file_digest(content.output))
        return FoundDocument(text[:MOST_TEXT], commit, changed, shown(author), links_of(text[:MOST_TEXT]))

    def _ask(self, *arguments: str, accepts: tuple[int, ...] = _NO) -> GitAnswer:
        return self._mirror.git.run(*arguments, accepts=accepts)

    def _revision(self, path: str) -> str:
        return f"refs/heads/{self._config.branch}:{path}"

    def _access(self) -> Access:
        config = self._config
        if protocol_of(config.url) == "ssh":
            return over_ssh(config.ssh_key, config.known_hosts)
        return over_https(config.url, config.username, config.token, config.ca_file, config.proxy)
