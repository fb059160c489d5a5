"""The extension of chapter 9: resources and their forecasts, and groups that scale."""

from urllib.parse import urlencode

from toban.chapters.capacity.acts import ACTS
from toban.chapters.capacity.bindings import CAPACITY
from toban.chapters.capacity.proposals import open_tables
from toban.chapters.capacity.scaler import SCALER_KINDS, SCALING
from toban.chapters.capacity.usage import RESOURCES, USAGE_KINDS
from toban.design.clauses.base import Clause
from toban.design.clauses.capacity import CapacityReview, ResourceUsage, ScalingRule
from toban.engine.drift.setting import COMPARED_SETTINGS
from toban.engine.extension import Extension, Link, RowKind, Scope, always
from toban.engine.hindsight.question import HINDSIGHT
from toban.engine.instances.offered import GROUPS
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.tasks.facts import TASK_FACTS
from toban.message import Message

_SOURCES = "toban.chapters.capacity.usage_sources"
_SCALERS = "toban.chapters.capacity.scalers"


def _capacity(_row: Clause) -> Link:
    return Link("capacity", Message("capacity.page"))


def _resource(row: ResourceUsage) -> Link:
    return Link("capacity", Message("capacity.page"), query=urlencode({"resource": row.resource}))


EXTENSION = Extension(
    name="capacity",
    manual="capacity.md",
    rows=(
        RowKind(ResourceUsage, is_measured=True, is_charted=True, link=_resource, raises_alerts=always),
        RowKind(CapacityReview, is_measured=True, link=_capacity, raises_alerts=always),
        RowKind(ScalingRule, is_measured=True, link=_capacity, raises_alerts=always),
    ),
    tables=(RESOURCES, SCALING, CAPACITY),
    points=(USAGE_KINDS, SCALER_KINDS),
    kinds={
        "resources": {
            "autoscaling": f"{_SOURCES}.autoscaling",
            "group": f"{_SOURCES}.group",
            "instances": f"{_SOURCES}.instances",
            "logs": f"{_SOURCES}.logs",
            "postgresql": f"{_SOURCES}.postgresql",
            "prometheus": f"{_SOURCES}.prometheus",
            "rds": f"{_SOURCES}.rds",
            "s3": f"{_SOURCES}.s3",
            "storage": f"{_SOURCES}.storage",
        },
        "scaling": {
            "autoscaling": f"{_SCALERS}.autoscaling",
            "command": f"{_SCALERS}.command",
            "deployment": f"{_SCALERS}.deployment",
            "ssh": f"{_SCALERS}.ssh",
        },
    },
    proposals=open_tables,
    operation="toban.chapters.capacity.operation",
    offers={
        COMPARED_SETTINGS: "toban.chapters.capacity.settings:settings",
        GROUPS: "toban.chapters.capacity.scaling.offered:find",
        REPORT_SECTIONS: "toban.chapters.capacity.rows.monthly:section",
        HINDSIGHT: "toban.chapters.capacity.scaling.hindsight:HINDSIGHT",
        TASK_FACTS: "toban.chapters.capacity.rows.facts:facts",
    },
    apps=("toban.chapters.capacity",),
    pages="toban.faces.web.capacity.urls",
    api="toban.faces.api.capacity.routes",
    scopes=(
        Scope("read:capacity", Message("capacity.scope-read")),
        Scope("act:capacity", Message("capacity.scope-act")),
    ),
    evidence="toban.faces.web.capacity.proof:shown",
    menu=(Link("capacity", Message("capacity.page")),),
    acts=ACTS,
    why="toban.faces.cli.capacity.why_group:WHY",
    commands={"capacity": Command("toban.faces.cli.capacity.capacity", Message("commands.capacity"))},
)
