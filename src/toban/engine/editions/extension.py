"""The extension of the versions in force: who may bring what Toban runs into force."""

from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.editions.gate.bindings import DOCUMENT
from toban.engine.extension import Extension

EXTENSION = Extension(
    name="editions",
    manual="your-document.md",
    operation="toban.engine.editions.operation",
    apps=("toban.engine.editions",),
    tables=(DOCUMENT,),
    offers={APPROVAL_EFFECTS: "toban.engine.editions.gate.approval:EFFECT"},
)
