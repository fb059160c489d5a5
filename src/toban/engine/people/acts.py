"""What happens to accounts, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, unchanged
from toban.message import Message


def of_account(code: str, *, is_sensitive: bool = False) -> ActReader:
    """Return the reader of an act on the account `operator`; on one's own if the entry names none."""

    def read(content: Content) -> ChangeFacts:
        values = {name: content.get(name, "") for name in ("operator", "role", "before", "after", "token")}
        # By another name than batches and hosts: what is about an account is never about a host of its name.
        about = (f"account {values['operator']}",)
        return ChangeFacts(ChangeKind.ACCOUNT, Message(code, **values), about, is_sensitive=is_sensitive)

    return read


ACTS: Mapping[str, ActReader] = {
    "signed-in": unchanged,
    "signed-out": unchanged,
    "sign-in-refused": unchanged,
    "sign-in-locked-out": unchanged,
    "token-locked-out": unchanged,
    "factor-refused": unchanged,
    "operator-added": of_account("people.change-added", is_sensitive=True),
    "operator-locked": of_account("people.change-locked", is_sensitive=True),
    "operator-unlocked": of_account("people.change-unlocked", is_sensitive=True),
    "role-changed": of_account("people.change-role", is_sensitive=True),
    "sign-in-lock-out-lifted": of_account("people.change-lifted"),
    "password-reset": of_account("people.change-password-reset", is_sensitive=True),
    "password-changed": of_account("people.change-password"),
    "factor-added": of_account("people.change-factor-added"),
    "factor-removed": of_account("people.change-factor-removed", is_sensitive=True),
    "factor-renewed": of_account("people.change-factor-renewed"),
    "feed-opened": of_account("people.change-feed-opened"),
    "feed-closed": of_account("people.change-feed-closed"),
}
