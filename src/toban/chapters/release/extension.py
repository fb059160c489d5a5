"""The extension of chapter 5: releases, rollbacks, their sources and engines."""

from toban.chapters.release.acts import ACTS
from toban.chapters.release.engine import DEPLOYMENTS, ENGINE_KINDS
from toban.chapters.release.source import RELEASES, SOURCE_KINDS
from toban.design.clauses.release import DeployFlow, DeployRule, ReleaseSchedule, RollbackProcedure
from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.extension import Extension, RowKind, always

EXTENSION = Extension(
    name="release",
    manual="releases.md",
    rows=(
        RowKind(DeployFlow, is_measured=True, raises_alerts=always),
        RowKind(DeployRule, is_measured=True, raises_alerts=always),
        RowKind(ReleaseSchedule, is_measured=True, raises_alerts=always),
        RowKind(RollbackProcedure, is_measured=True, raises_alerts=always),
    ),
    tables=(RELEASES, DEPLOYMENTS),
    points=(SOURCE_KINDS, ENGINE_KINDS),
    kinds={"releases": {}, "deployments": {}},
    operation="toban.chapters.release.operation",
    offers={APPROVAL_EFFECTS: "toban.chapters.release.approval:EFFECT"},
    apps=("toban.chapters.release",),
    acts=ACTS,
)
