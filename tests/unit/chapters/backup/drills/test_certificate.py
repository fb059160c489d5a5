"""The certificate of a drill, in both languages."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.house.test_messages import JAPANESE

from toban.chapters.backup.drills.certificate import certificate
from toban.chapters.backup.drills.check import Check, checks_of
from toban.chapters.backup.models import Drill
from toban.design.reader import read_design
from toban.engine.bindings.model import System
from toban.engine.evidence.certificate import Certificate
from toban.message import Message, plain

BEGUN = datetime(2026, 12, 7, 5, tzinfo=UTC)
DESIGN = read_design(
    "# 運用設計書\n\n## 4. バックアップ・リストア\n\n### バックアップ方針\n"
    "| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |\n|---|---|---|---|---|---|\n"
    "| PostgreSQL | フル | 日次 2:00 | 30世代 | S3 | 30日 |\n",
    "shop.md",
)
FAILED = Check(Message("backup.check-query"), False, plain("0"), Message("backup.any-answer"))
OLD = {"name": "表の行数", "passed": True, "found": "2 表", "wanted": "写したときと同じ"}


def held(*checks: object) -> Drill:
    return Drill(
        pk=7, subject="PostgreSQL", label="20261206T170000Z-full", started_at=BEGUN,
        ended_at=BEGUN + timedelta(minutes=3), is_passed=False, rpo_seconds=14.25, rto_seconds=1210.5,
        phases={"fetch": 12.0, "recover": 3.5, "thaw": 1.0}, checks=list(checks),
        reason=Message("backup.about-check", name=FAILED.name, found=FAILED.found), evidence_sequence=42,
    )  # fmt: skip


def said(found: Certificate, language: str) -> str:
    messages = [found.title, found.result, found.footer]
    messages += [each for pair in (*found.facts, *found.phases) for each in pair]
    messages += [each for line in found.checks for each in (line.name, line.found)]
    return "\n".join(each.in_language(language) for each in messages)


def test_the_english_certificate_has_no_japanese() -> None:
    english = said(certificate(held(FAILED.as_json()), DESIGN, System(name="shop")), "en")

    assert not JAPANESE.search(english)
    for words in (
        "Restore drill certificate",
        "Failed: Application query: 0",
        "Started by hand",
        "0 (expected: Any answer)",
        "1,210.5 s",
        "Server recovery",
        "thaw",
        "Drill 7, evidence 42 (verifiable with toban evidence)",
    ):
        assert words in english


def test_the_japanese_certificate_states_the_same() -> None:
    japanese = said(certificate(held(FAILED.as_json()), DESIGN, System(name="shop")), "ja")

    for words in ("復旧訓練の証明書", "不合格: アプリのクエリー: 0", "手で始めた訓練", "1,210.5 秒"):
        assert words in japanese
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", japanese)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_check_from_before_messages_had_codes_is_read_as_it_was_written(language: str) -> None:
    (check,) = checks_of(held(OLD))

    assert (check.passed, check.name.in_language(language)) == (True, "表の行数")
    assert check.wanted.in_language(language) == "写したときと同じ"


def test_a_check_is_read_as_it_was_recorded() -> None:
    assert checks_of(held(FAILED.as_json())) == [FAILED]
