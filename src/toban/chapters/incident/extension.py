"""The extension of chapter 7: incidents, remedies, reports, game days."""

from urllib.parse import urlencode

from toban.chapters.incident.acts import ACTS
from toban.chapters.incident.bindings import INCIDENTS
from toban.chapters.incident.gameday.acts import ACTS as GAME_DAY_ACTS
from toban.chapters.incident.gameday.bindings import FAULTS, GAME_DAYS
from toban.chapters.incident.proposals import open_tables
from toban.chapters.incident.remedies.acts import ACTS as REMEDY_ACTS
from toban.chapters.incident.remedies.remedy import REMEDIES, REMEDY_KINDS
from toban.chapters.incident.reports.acts import ACTS as REPORT_ACTS
from toban.design.clauses.base import Clause
from toban.design.clauses.incident import FailurePattern, IncidentFlow, IncidentLevel
from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.evidence.assertions import ASSERTIONS
from toban.engine.extension import Extension, Link, RowKind, Scope, always
from toban.engine.hindsight.question import HINDSIGHT
from toban.engine.notify.chat.port import CHAT
from toban.engine.notify.deciding.drills import DRILLS
from toban.engine.notify.signal import ADVICE
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.runs.leads import ALERT_LEADS
from toban.engine.tasks.facts import TASK_FACTS
from toban.message import Message

_REMEDIES = "toban.chapters.incident.remedies.kinds"


def _incidents(_row: Clause) -> Link:
    return Link("incidents", Message("incident.page"))


def _of_level(row: IncidentLevel) -> Link:
    return Link("incidents", Message("incident.page"), query=urlencode({"level": row.name}))


EXTENSION = Extension(
    name="incident",
    manual="incidents.md",
    rows=(
        RowKind(IncidentLevel, is_measured=True, link=_of_level, raises_alerts=always),
        RowKind(IncidentFlow, is_measured=True, link=_incidents, raises_alerts=always),
        RowKind(FailurePattern, is_measured=True, link=_incidents, raises_alerts=always),
    ),
    tables=(INCIDENTS, REMEDIES, FAULTS, GAME_DAYS),
    points=(REMEDY_KINDS,),
    kinds={
        "remedies": {
            "batch": f"{_REMEDIES}.batch",
            "command": f"{_REMEDIES}.command",
            "failover": f"{_REMEDIES}.failover",
            "rollback": f"{_REMEDIES}.rollback",
            "scale": f"{_REMEDIES}.scale",
            "ssh": f"{_REMEDIES}.ssh",
        },
    },
    proposals=open_tables,
    operation="toban.chapters.incident.operation",
    offers={
        ADVICE: "toban.chapters.incident.remedies.advice:advise",
        ALERT_LEADS: "toban.chapters.incident.leads:leads",
        APPROVAL_EFFECTS: "toban.chapters.incident.reports.approval:EFFECT",
        CHAT: "toban.chapters.incident.chat:OFFER",
        ASSERTIONS: "toban.chapters.incident.rows.prevention:ASSERTIONS",
        DRILLS: "toban.chapters.incident.gameday.drills:of_drills",
        HINDSIGHT: "toban.chapters.incident.rows.hindsight:HINDSIGHT",
        REPORT_SECTIONS: "toban.chapters.incident.reports.monthly:section",
        TASK_FACTS: "toban.chapters.incident.rows.owing:facts",
    },
    apps=("toban.chapters.incident",),
    pages="toban.faces.web.incident.urls",
    api="toban.faces.api.incident.routes",
    scopes=(
        Scope("read:incidents", Message("incident.scope-read")),
        Scope("act:incidents", Message("incident.scope-act")),
    ),
    evidence="toban.faces.web.incident.proof:shown",
    menu=(Link("incidents", Message("incident.page")),),
    acts={**ACTS, **REPORT_ACTS, **REMEDY_ACTS, **GAME_DAY_ACTS},
    commands={
        "drill incident": Command("toban.faces.cli.incident.drill", Message("commands.drill-incident")),
        "incident": Command("toban.faces.cli.incident.incident", Message("commands.incident")),
        "incident figures": Command("toban.faces.cli.incident.figures", Message("commands.incident-figures")),
        "incident measures": Command(
            "toban.faces.cli.incident.measures", Message("commands.incident-measures")
        ),
        "incident report": Command("toban.faces.cli.incident.report", Message("commands.incident-report")),
        "incident timeline": Command(
            "toban.faces.cli.incident.timeline", Message("commands.incident-timeline")
        ),
    },
)
