"""How a repository is reached, as `toban.toml` says it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationInfo

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, beside_the_bindings, invalid
from toban.engine.bindings.values import Length
from toban.engine.network.addresses import is_this_machine
from toban.message import Message

_SCP_LIKE = re.compile(r"(?:[A-Za-z0-9_.][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!:).+")
"""`git@example.com:shop.git`, and not `ext::sh`, which names a program."""
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*|\[?[0-9a-fA-F:.]+\]?")
_SCHEMES = ("https", "http", "ssh", "file")


def _remote(url: str, info: ValidationInfo) -> str:
    """Return *url* with a relative path made absolute; refuse what git would take for something else."""
    if url.startswith("-") or any(not each.isprintable() or each == " " for each in url):
        raise invalid(Message("release-git.not-a-remote"))
    if url.startswith(("/", "./", "../")):
        return str(beside_the_bindings(Path(url), info))
    if "://" not in url:
        if _SCP_LIKE.fullmatch(url):
            return url
        raise invalid(Message("release-git.not-a-remote"), Message("release-git.write-a-remote"))
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or parts.query or parts.fragment:
        raise invalid(Message("release-git.not-a-remote"), Message("release-git.write-a-remote"))
    if parts.password is not None or (parts.scheme in ("http", "https") and parts.username):
        raise invalid(Message("release-git.secret-in-remote"), Message("release-git.name-the-token"))
    if parts.scheme != "file" and not _HOST.fullmatch(parts.hostname or ""):
        raise invalid(Message("release-git.not-a-remote"), Message("release-git.write-a-remote"))
    return url


type RemoteUrl = Annotated[str, AfterValidator(_remote)]
"""HTTPS, SSH, or a path on this machine."""


class RemoteAccess(Section):
    """How a repository is reached, whoever says where it is."""

    token: Secret | None = None
    """For HTTPS: the password, or what the host gives out as one."""
    ca_file: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """Certificates that are trusted besides the system's, PEM."""
    proxy: Secret | None = None
    """The URL of a proxy for HTTPS, which may contain a password."""
    plain_hosts: tuple[str, ...] = ()
    """Hosts of the private network that may be reached without TLS."""
    fetch_within: Length = timedelta(minutes=10)
    """The longest that one fetch may take; the first brings the whole history."""


def demand_encryption(url: str, plain_hosts: tuple[str, ...]) -> None:
    """Raise for a *url* over which somebody on the way could change what comes from there."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme == "http" and not is_this_machine(host) and host not in plain_hosts:
        raise invalid(Message("release-git.not-https"), Message("release-git.use-https"))
