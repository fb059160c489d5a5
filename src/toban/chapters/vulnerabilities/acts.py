"""What scans and reports did, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content
from toban.message import NOTHING, Message, plain

_NAMED = 20


def _scanned(content: Content) -> ChangeFacts:
    said = Message(
        "vulnerabilities.change-scanned",
        packages=content.get("packages"),
        found=content.get("found"),
        ended=content.get("ended"),
        run=content.get("run"),
    )
    return ChangeFacts(ChangeKind.RUN, said, tuple(map(str, content.get("inventories", ()))))


def _of_report(code: str, kind: ChangeKind) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        inventory = str(content.get("inventory", ""))
        values = {name: content.get(name, 0) for name in ("named", "statements", "found", "ended")}
        source = plain(str(content.get("source", "")))
        said = Message(code, source=source, inventory=inventory, **values)
        note = plain(str(content["reason"])) if content.get("reason") else NOTHING
        unproven = content.get("unproven")
        told = (Message("vulnerabilities.change-unproven", count=unproven),) if unproven else ()
        # What has ended is looked for no more: somebody should have read that nothing shows it to be mended.
        return ChangeFacts(kind, said, (inventory,), told, note=note, is_sensitive=bool(unproven))

    return read


def _settled(content: Content) -> ChangeFacts:
    closed, reopened = content.get("closed") or [], content.get("reopened") or []
    told = [
        Message(
            f"vulnerabilities.change-{code}",
            name=plain(str(each.get("name"))),
            package=plain(str(each.get("package"))),
            inventory=plain(str(each.get("inventory"))),
            source=plain(str(each.get("source"))),
            justification=plain(str(each.get("justification"))),
        )
        for code, every in (("closed", closed), ("reopened", reopened))
        for each in every[:_NAMED]
    ]
    return ChangeFacts(
        ChangeKind.DATA if closed else ChangeKind.RUN,
        Message("vulnerabilities.change-settled", closed=len(closed), reopened=len(reopened)),
        tuple(sorted({str(each.get("inventory")) for each in (*closed, *reopened)})),
        tuple(told),
        # What is closed is looked for no more: somebody should have read why.
        is_sensitive=bool(closed),
    )


ACTS: Mapping[str, ActReader] = {
    "vulnerabilities-scanned": _scanned,
    "vulnerabilities-imported": _of_report("vulnerabilities.change-imported", ChangeKind.RUN),
    "vulnerabilities-source-forgotten": _of_report("vulnerabilities.change-forgotten", ChangeKind.DATA),
    "vulnerabilities-settled": _settled,
}
