"""What people did about timelines, reports and measures, read as changes. Pure.

A report and its measures are about the incident, and stand on its timeline. What was amended on the timeline
itself changes nothing, and stands there already.
"""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, unchanged
from toban.message import Message, from_json, plain


def _about(content: Content) -> tuple[str, ...]:
    return (f"incident/{content.get('incident')}",)


def _report(code: str) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        kind = Message(f"incident-reports.kind-of-report-{content.get('kind')}")
        said = Message(code, kind=kind, version=content.get("version"), number=content.get("incident"))
        return ChangeFacts(
            ChangeKind.OTHER, said, _about(content), note=plain(str(content.get("said") or ""))
        )

    return read


def _measure(code: str) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        said = Message(code, words=content.get("words"), number=content.get("incident"))
        note = plain(str(content.get("reason") or "")) or from_json(content.get("proof"))
        return ChangeFacts(ChangeKind.OTHER, said, _about(content), note=note)

    return read


ACTS: Mapping[str, ActReader] = {
    "add-timeline-entry": unchanged,
    "amend-timeline-entry": unchanged,
    "hide-timeline-entry": unchanged,
    "show-timeline-entry": unchanged,
    "draft-report": _report("incident-reports.change-drafted"),
    "answer-report": unchanged,
    "ask-report": _report("incident-reports.change-asked"),
    "approve-report": _report("incident-reports.change-approved"),
    "refuse-report": _report("incident-reports.change-refused"),
    "record-measure": _measure("incident-reports.change-measure-recorded"),
    "change-measure": _measure("incident-reports.change-measure-changed"),
    "withdraw-measure": _measure("incident-reports.change-measure-withdrawn"),
    "measure-kept": _measure("incident-reports.change-measure-kept"),
    "measure-not-kept": _measure("incident-reports.change-measure-not-kept"),
}
