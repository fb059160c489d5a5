"""A sender's lines are of the kinds and services that it may write."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from tests.telemetry_rows import attributes_in
from tests.unit.chapters.logs.intake.test_lines import reader

from toban.chapters.logs.intake.origins import written
from toban.engine.bindings.senders import SenderBinding

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def stored(lines: list[Mapping[str, object]], bindings: str = "", **binding: object) -> list[dict[str, Any]]:
    sender = SenderBinding.model_validate({"token": "env:T", "may": ["logs"], **binding})
    body = b"\n".join(map(orjson.dumps, lines))
    reading = reader(bindings).read(body, written("shop", sender).origin, NOW)
    return [{**row, "attributes": attributes_in(row["attributes_sent"])} for row in reading.rows.to_pylist()]


@pytest.mark.parametrize("claim", ["audit", "監査ログ", "Audit Log"])
def test_an_audit_row_comes_only_from_a_sender_that_may_write_it(claim: str) -> None:
    lines: list[Mapping[str, object]] = [{"message": "退会", "kind": claim}, {"message": "x"}]

    forged, plain = stored(lines)
    assert (forged["kind"], forged["attributes"]) == ("application", {"claimedKind": "audit"})
    assert (plain["kind"], plain["attributes"]) == ("application", {})
    for may in ({"log": "監査ログ"}, {"kinds": ["監査ログ", "アプリケーションログ"]}):
        genuine, _ = stored(lines, **may)
        assert (genuine["kind"], genuine["attributes"]) == ("audit", {})


def test_the_kind_that_the_bindings_give_by_a_field_needs_no_permission() -> None:
    rule = '[logs]\nkinds = [{ field = "facility", value = "auth*", log = "監査ログ" }]\n'

    by_rule, mixed = stored([{"facility": "authpriv"}, {"facility": "authpriv", "kind": ""}], rule)
    assert [by_rule["kind"], mixed["kind"]] == ["audit", "audit"]
    assert "claimedKind" not in mixed["attributes"]


def test_a_sender_with_kinds_writes_no_other_whatever_its_lines_look_like() -> None:
    found = stored(
        [{"kind": "application"}, {"status": 500, "level": "ERROR"}, {"level": "ERROR"}],
        kinds=["アクセスログ"],
    )

    assert {row["kind"] for row in found} == {"access"}
    assert [row["attributes"].get("claimedKind") for row in found] == ["application", None, None]


def test_a_sender_with_services_writes_for_no_other() -> None:
    found = stored(
        [{"service": "shop-web"}, {"service": "billing"}, {"message": "x"}],
        service="shop-api",
        services=["shop-*"],
    )

    assert [row["service"] for row in found] == ["shop-web", "shop-api", "shop-api"]
    assert [row["attributes"].get("claimedService") for row in found] == [None, "billing", None]


def test_without_services_a_line_names_its_service() -> None:
    (row,) = stored([{"service": "billing"}], service="shop-api")

    assert row["service"] == "billing"


def test_times_without_an_offset_are_in_the_zone_of_their_sender() -> None:
    line: Mapping[str, object] = {"timestamp": "2026-11-26 09:00:00", "message": "x"}

    assert [row["at"] for row in stored([line], zone="UTC")] != [row["at"] for row in stored([line])]
