"""The certificate of a drill: what an auditor wants to see of it, on one sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos

from toban.chapters.backup.models import Drill
from toban.chapters.backup.report import phase
from toban.design.clauses.backup import RecoveryObjective
from toban.design.reader import Design
from toban.engine import paper
from toban.engine.bindings.model import System

_RESULTS = {True: "合格", False: "不合格", None: "判定不能"}
_MARKS = {True: "○", False: "×", None: "−"}


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """A check: its mark, its name, and what was found."""

    mark: str
    name: str
    found: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The content of the certificate."""

    title: str
    result: str
    at: datetime
    facts: Sequence[tuple[str, str]]
    checks: Sequence[CertificateLine]
    phases: Sequence[tuple[str, str]]
    footer: str


def certificate(drill: Drill, design: Design, system: System) -> Certificate:
    """Return the certificate of *drill*, with times in the document's time zone."""
    zone = system.zone
    ordered = next((clause for clause in design.clauses if clause.id == drill.clause_id), None)
    limits = {each.objective: str(each.limit) for each in design.of(RecoveryObjective)}
    ended = (drill.ended_at or drill.started_at).astimezone(zone)
    facts = [
        ("システム", system.name or design.document),
        ("対象", drill.subject),
        ("根拠", f"{ordered.origin} {ordered.text}" if ordered is not None else "手で始めた訓練"),
        ("バックアップ", drill.label),
        ("実施", f"{drill.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S} から {ended:%H:%M:%S %Z}"),
        ("復旧した時点", f"{drill.target.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if drill.target else "−"),
        ("RPO (復旧時点)", _measured(drill.rpo_seconds, limits.get("RPO"))),
        ("RTO (復旧時間)", _measured(drill.rto_seconds, limits.get("RTO"))),
    ]
    return Certificate(
        title="復旧訓練の証明書",
        result=_RESULTS[drill.is_passed] + (f": {drill.reason}" if drill.reason else ""),
        at=ended,
        facts=facts,
        checks=[_line(each) for each in drill.checks],
        phases=[(phase(name), f"{seconds:,.1f} 秒") for name, seconds in drill.phases.items()],
        footer=f"訓練 {drill.pk}、証跡 {drill.evidence_sequence} (toban evidence で確かめられます)",
    )


def _line(check: Mapping[str, Any]) -> CertificateLine:
    wanted = "" if check["passed"] else f" (あるべきもの: {check['wanted']})"
    return CertificateLine(_MARKS[check["passed"]], check["name"], f"{check['found']}{wanted}")


def _measured(seconds: float | None, limit: str | None) -> str:
    words = f"{seconds:,.1f} 秒" if seconds is not None else "測れませんでした"
    return f"{words} (目標 {limit})" if limit else words


def pdf(found: Certificate) -> bytes:
    """Return the PDF; the same certificate always gives the same bytes. Raises `paper.NoFont`."""
    face = paper.font()
    sheet = paper.sheet(found.title, found.at, face)
    sheet.set_margin(20)
    sheet.add_page()
    _write(sheet, found.title, 20)
    _write(sheet, found.result, 13)
    sheet.ln(4)
    for name, value in found.facts:
        _row(sheet, name, value)
    _heading(sheet, "検査項目")
    for line in found.checks:
        _row(sheet, f"{line.mark} {line.name}", line.found)
    _heading(sheet, "所要時間")
    for name, took in found.phases:
        _row(sheet, name, took)
    sheet.ln(6)
    _write(sheet, found.footer, 8)
    return bytes(sheet.output())


def _heading(sheet: FPDF, text: str) -> None:
    sheet.ln(4)
    _write(sheet, text, 12)


def _write(sheet: FPDF, text: str, size: int) -> None:
    sheet.set_font(paper.FAMILY, size=size)
    sheet.multi_cell(0, size * 0.6, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _row(sheet: FPDF, name: str, value: str) -> None:
    sheet.set_font(paper.FAMILY, size=10)
    top = sheet.get_y()
    sheet.multi_cell(45, 6, name, new_x=XPos.RIGHT, new_y=YPos.TOP)
    sheet.set_xy(sheet.l_margin + 45, top)
    sheet.multi_cell(0, 6, value or "−", align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
