"""`[document]`: whether a new version waits for approval, and whose. Pure."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.table import single
from toban.engine.bindings.values import Length
from toban.message import Message

_PGP = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
_KEYS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-", "sk-ssh-ed25519@", "sk-ecdsa-sha2-")


def _signer(written: str) -> str:
    words = written.split()
    # Options between name and key (cert-authority) could admit keys that nobody has read here.
    is_ssh = len(words) > 2 and words[1].startswith(_KEYS) and "\n" not in written.strip()
    if not is_ssh and not written.strip().startswith(_PGP):
        raise invalid(Message("editions.not-a-signer"), Message("editions.write-a-signer"))
    return written.strip()


class DocumentBinding(Section):
    """`[document]`: who may bring what Toban runs, reaches and trusts into force."""

    approval: bool | None = None
    """None: exactly if others than the user that Toban runs as can write the files."""
    role: str = ""
    """Whose approval it takes, in the document's words; empty: the operations manager's."""
    approvers: int = Field(default=1, ge=1, le=5)
    """How many different people must approve."""
    approval_within: Length = timedelta(days=7)
    """How long a request waits before it is asked again."""
    signers: tuple[Annotated[str, AfterValidator(_signer)], ...] = ()
    """Public keys: a commit signed by one of them stands for the approval."""


DOCUMENT = single("document", DocumentBinding, DocumentBinding())
