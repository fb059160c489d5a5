"""The extension of chapter 5: releases, rollbacks, their sources and engines."""

from toban.chapters.release.acts import ACTS
from toban.chapters.release.engine import DEPLOYMENTS, ENGINE_KINDS
from toban.chapters.release.proposals import open_tables
from toban.chapters.release.source import RELEASES, SOURCE_KINDS
from toban.design.clauses.base import Clause
from toban.design.clauses.release import DeployFlow, DeployRule, ReleaseSchedule, RollbackProcedure
from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.changes.delivered import DELIVERED
from toban.engine.evidence.assertions import ASSERTIONS
from toban.engine.extension import Extension, Link, RowKind, Scope, always
from toban.engine.instances.offered import INSTANCES, ROLLBACKS, SERVING, WATCHED
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.runs.leads import LEADS, RUN_OWNERS
from toban.engine.tasks.facts import TASK_FACTS
from toban.message import Message


def _releases(_row: Clause) -> Link:
    return Link("releases", Message("release.page"))


EXTENSION = Extension(
    name="release",
    manual="releases.md",
    rows=(
        RowKind(DeployFlow, is_measured=True, link=_releases, raises_alerts=always),
        RowKind(DeployRule, is_measured=True, link=_releases, raises_alerts=always),
        RowKind(ReleaseSchedule, is_measured=True, link=_releases, raises_alerts=always),
        RowKind(RollbackProcedure, is_measured=True, link=_releases, raises_alerts=always),
    ),
    tables=(RELEASES, DEPLOYMENTS),
    points=(SOURCE_KINDS, ENGINE_KINDS),
    kinds={
        "releases": {
            "git": "toban.chapters.release.sources.git",
            "github": "toban.chapters.release.sources.github",
        },
        "deployments": {
            "command": "toban.chapters.release.engines.command.kind",
            "github": "toban.chapters.release.engines.github",
            "proxy": "toban.chapters.release.engines.proxy",
            "ssh": "toban.chapters.release.engines.ssh.kind",
        },
    },
    operation="toban.chapters.release.operation",
    proposals=open_tables,
    offers={
        ASSERTIONS: "toban.chapters.release.rows.assertions:ASSERTIONS",
        DELIVERED: "toban.chapters.release.delivered:find",
        APPROVAL_EFFECTS: "toban.chapters.release.ordering.approval:EFFECT",
        TASK_FACTS: "toban.chapters.release.rows.verifying:facts",
        LEADS: "toban.chapters.release.leads:leads",
        RUN_OWNERS: "toban.chapters.release.ordering.aborting:stopped_by",
        REPORT_SECTIONS: "toban.chapters.release.rows.monthly:section",
        INSTANCES: "toban.chapters.release.running.scaling:find",
        ROLLBACKS: "toban.chapters.release.running.rollback:find",
        SERVING: "toban.chapters.release.rows.serving:serving",
        WATCHED: "toban.chapters.release.running.rollback:watched",
    },
    apps=("toban.chapters.release",),
    pages="toban.faces.web.release.urls",
    api="toban.faces.api.release.routes",
    scopes=(
        Scope("read:releases", Message("release.scope-read")),
        Scope("act:releases", Message("release.scope-act")),
    ),
    evidence="toban.faces.web.release.proof:shown",
    menu=(Link("releases", Message("release.page")),),
    intake="toban.faces.ingest.release.routes",
    acts=ACTS,
    why="toban.faces.cli.release.why_release:WHY",
    commands={"release": Command("toban.faces.cli.release.release", Message("commands.release"))},
)
