"""What git complains about, in an operator's words. Pure."""

from dataclasses import dataclass

from toban.engine.git.failure import RepositoryFailed
from toban.engine.git.program import GitFailed
from toban.message import NOTHING, Message, plain


@dataclass(frozen=True, slots=True)
class _Known:
    words: tuple[str, ...]
    """What git and its helpers write in the language C; any of them."""
    code: str
    hint: Message = NOTHING
    retry: bool = False
    """Whether it can pass by itself."""


_KNOWN = (
    _Known(("dubious ownership",), "release-git.other-owner", Message("release-git.give-to-the-account")),
    _Known(
        ("Host key verification failed",),
        "release-git.host-key-unknown",
        Message("release-git.write-the-host-key"),
    ),
    _Known(("UNPROTECTED", "bad permissions"), "release-git.open-key", Message("release-git.close-the-key")),
    _Known(
        ("Permission denied", "Authentication failed", "could not read Username", "could not read Password",
         "returned error: 403"),
        "release-git.not-let-in",
        Message("release-git.check-the-token"),
    ),
    _Known(("returned error: 429",), "release-git.asked-too-often", retry=True),
    _Known(
        ("url base from redirection", "returned error: 30"),
        "release-git.moved",
        Message("release-git.write-the-new-remote"),
    ),
    _Known(
        ("certificate", "CAfile"), "release-git.certificate-unverified", Message("release-git.name-the-ca")
    ),
    _Known(("mismatched algorithms",), "release-git.other-hashes", Message("release-git.remove-the-mirror")),
    _Known(
        ("Could not resolve host", "onnection refused", "ailed to connect", "timed out", "unreachable"),
        "release-git.unreachable",
        Message("release-git.check-the-remote"),
        retry=True,
    ),
    _Known(
        ("No space left on device",), "release-git.disk-full", Message("release-git.make-room"), retry=True
    ),
    _Known(
        ("not found", "does not appear to be a git repository", "No such file or directory"),
        "release-git.no-such-repository",
        Message("release-git.check-the-remote"),
    ),
)  # fmt: skip


def explained(error: GitFailed) -> RepositoryFailed:
    """Return *error* by what it means, where that is known; git's own words follow."""
    for each in _KNOWN:
        if any(words in error.words for words in each.words):
            return RepositoryFailed(
                Message(each.code, output=plain(error.words)), each.hint, retry=each.retry
            )
    return error
