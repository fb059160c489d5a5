"""What happened to accounts of other systems, read as changes. Pure."""

from collections.abc import Mapping

from toban.chapters.accounts.joining import ClaimBasis
from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content
from toban.message import NOTHING, Message, from_json, plain

_CHANGES = ("created", "deleted", "raised", "lowered", "locked", "unlocked")
_NAMED = 5


def _changed(content: Content) -> ChangeFacts:
    system, counts = str(content.get("system", "")), content.get("counts") or {}
    said = [
        Message(
            f"accounts.change-{kind}",
            count=counts.get(kind, len(names)),
            names=[plain(str(each)) for each in names[:_NAMED]],
        )
        for kind in _CHANGES
        if (names := content.get(kind) or [])
    ]
    return ChangeFacts(
        ChangeKind.ACCOUNT,
        Message("accounts.change-of", system=system, changes=said),
        (f"accounts {system}",),
        # Somebody lost access: that hurts nobody by surprise.
        is_sensitive=any(content.get(kind) for kind in ("created", "raised", "unlocked")),
    )


def _of(code: str, *, is_sensitive: bool = False) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        values = {name: content.get(name, "") for name in ("leaver", "system", "account", "until")}
        return ChangeFacts(
            ChangeKind.ACCOUNT,
            Message(code, **values),
            (f"account {values['account'] or values['leaver']}",),
            note=plain(str(content["reason"])) if content.get("reason") else NOTHING,
            is_sensitive=is_sensitive,
        )

    return read


def _suspected(content: Content) -> ChangeFacts:
    system, account = str(content.get("system", "")), str(content.get("account", ""))
    said = from_json(content["said"]) if content.get("said") else NOTHING
    return ChangeFacts(
        ChangeKind.ACCOUNT,
        Message("accounts.suspicion", system=system, account=account, said=said),
        (f"account {account}",),
        is_sensitive=True,
    )


def _decided(content: Content) -> ChangeFacts:
    code = "accounts.change-kept" if content.get("is_kept", True) else "accounts.change-revoked"
    found = _of(code)(content)
    if found is None:
        raise AssertionError("a decision is a change")
    return found


def _found(content: Content) -> ChangeFacts | None:
    is_alike = content.get("basis") == ClaimBasis.ALIKE
    return _of("accounts.change-alike" if is_alike else "accounts.change-found")(content)


def _claimed(content: Content) -> ChangeFacts | None:
    is_theirs = bool(content.get("is_theirs"))
    return _of("accounts.change-theirs" if is_theirs else "accounts.change-not-theirs")(content)


ACTS: Mapping[str, ActReader] = {
    "accounts-changed": _changed,
    "account-locked": _of("accounts.change-locked-there"),
    "access-decided": _decided,
    "access-ended": _of("accounts.change-ended"),
    "access-unbound": _of("accounts.unbound", is_sensitive=True),
    "sign-in-suspected": _suspected,
    "suspicion-answered": _of("accounts.change-answered"),
    "leaver-told": _of("accounts.change-leaver"),
    "leaver-withdrawn": _of("accounts.change-withdrawn"),
    "leaver-account-found": _found,
    "leaver-account-claimed": _claimed,
}
