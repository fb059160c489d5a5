"""An external extension: the usage rows of chapter 9, measured by the size of a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from toban.design.clauses.capacity import ResourceUsage
from toban.design.finding import Finding, FindingLevel
from toban.design.reader import Design
from toban.engine.bindings.draft import BindingProposal, OpenTable
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.section import Section, beside_the_bindings
from toban.engine.bindings.table import named
from toban.engine.extension import Extension, Link, RowKind, Scope
from toban.engine.registry.commands import Command
from toban.engine.registry.kinds import Kinds
from toban.engine.trial import place_of
from toban.message import plain


class UsageBinding(Section):
    """`[usage.RESOURCE]`: the file whose size is the usage."""

    example: ClassVar[dict[str, str]] = {"file": "disk"}

    file: Annotated[Path, AfterValidator(beside_the_bindings)]


def _resources(design: Design) -> set[str]:
    return {row.resource for row in design.of(ResourceUsage)}


USAGE = named("usage", UsageBinding, names=_resources)


def _open_tables(design: Design, _kinds: Kinds) -> Iterator[OpenTable]:
    for row in design.of(ResourceUsage):
        yield OpenTable("usage", row.resource, [row], [BindingProposal("", UsageBinding)])


def _doubts(_design: Design, bindings: Bindings) -> Iterator[Finding]:
    for name, binding in USAGE.of(bindings).items():
        if not binding.file.exists():
            origin = place_of(bindings, "usage", name)
            yield Finding(
                "TY001",
                FindingLevel.WARNING,
                origin,
                plain("ファイルがありません"),
                str(binding.file),
                plain("作ってください"),
            )


def _usage(_row: ResourceUsage) -> Link:
    return Link("usage", plain("使用状況"))


_HERE = __name__.rpartition(".")[0]

EXTENSION = Extension(
    name="toy",
    manual="",
    rows=(RowKind(ResourceUsage, is_measured=True, link=_usage),),
    tables=(USAGE,),
    proposals=_open_tables,
    doubts=_doubts,
    operation=f"{_HERE}.operation",
    pages=f"{_HERE}.urls",
    menu=(Link("usage", plain("使用状況")),),
    intake=f"{_HERE}.routes",
    api=f"{_HERE}.api",
    scopes=(Scope("read:usage", plain("使用状況を読む")),),
    why=f"{_HERE}.why:WHY",
    commands={"usage": Command(f"{_HERE}.command", plain("Show what is used (使用状況)."))},
)
