"""Logs sent to a real server, into a real store."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
import zstandard
from tests import asking
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

TOKEN = "logs-token-of-this-test"
BINDINGS = """
[senders.shop]
token = "file:token"
may = ["logs"]
service = "shop-api"

[senders.nginx]
token = "file:other"
may = ["logs"]
log = "アクセスログ"

[senders.old]
token = "file:old"
may = ["logs"]
format = "text"
zone = "UTC"
encoding = "shift_jis"

[senders.text]
token = "file:text"
may = ["logs"]
format = "text"

[senders.push]
token = "file:metrics"
may = ["metrics"]
"""
LOGS = """
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | Toban | 90日 |
| アプリログ | 処理 | Toban | 90日 |
| エラーログ | エラー | Toban | 180日 |
### ログレベル
| レベル | 用途 | 本番環境出力 |
|---|---|---|
| DEBUG | デバッグ情報 | × |
| INFO | 通常 | ○ |
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, store: StoreProcess) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    for name, token in (
        ("token", TOKEN),
        ("other", "nginx-token"),
        ("metrics", "metrics-token"),
        ("old", "old-token"),
        ("text", "text-token"),
    ):
        (home / name).write_text(token)
        (home / name).chmod(0o600)
    with serving(home, DOCUMENT + LOGS, BINDINGS, telemetry=store.telemetry_url) as running:
        yield running


def post(served: Served, body: bytes, *, token: str = TOKEN, **headers: str) -> httpx.Response:
    shown = {"authorization": f"Bearer {token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return asking.post(f"{served.url}/ingest/logs", content=body, headers=shown, timeout=60)


def line(message: str, **fields: object) -> bytes:
    return json.dumps({"timestamp": datetime.now(UTC).isoformat(), "message": message, **fields}).encode()


def stored(store: StoreProcess, sender: str) -> list[tuple[str, ...]]:
    assert store.telemetry is not None
    rows = store.telemetry.ask(
        "SELECT kind, level, service, message FROM logs WHERE sender = {sender:String} ORDER BY message",
        {"sender": sender},
    )
    return [tuple(row) for row in rows]


def test_a_line_that_is_nested_too_deep_keeps_no_other_from_the_store(served: Served) -> None:
    deep = '{"a":' * 300 + "1" + "}" * 300

    reply = post(served, f"2026-11-26 before\n{deep}\nafter".encode(), token="text-token")

    assert (reply.status_code, reply.json()["stored"]) == (200, 3)


def test_lines_are_stored_refused_or_dropped_one_by_one(served: Served, store: StoreProcess) -> None:
    body = b"\n".join((line("a", level="warn"), b"{", line("c", level="DEBUG"), line("d", level="ERROR")))

    reply = post(served, body)

    assert reply.status_code == 200
    assert reply.json() == {
        "stored": 2,
        "dropped": {"DEBUG": 1},
        "refused": 1,
        "reasons": [{"line": 2, "reason": reply.json()["reasons"][0]["reason"]}],
    }
    assert stored(store, "shop")[:2] == [
        ("application", "WARNING", "shop-api", "a"),
        ("error", "ERROR", "shop-api", "d"),
    ]


def test_old_lines_are_read_in_the_zone_and_the_encoding_of_their_sender(
    served: Served, store: StoreProcess
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)

    assert post(
        served, f"{now:%Y-%m-%d %H:%M:%S} ERROR ソース表示①".encode("cp932"), token="old-token"
    ).is_success

    assert store.telemetry is not None
    ((at, level, message),) = store.telemetry.ask(
        "SELECT toUnixTimestamp(at), level, message FROM logs WHERE sender = 'old'", {}
    )
    assert (at, level, message[-6:]) == (now.timestamp(), "ERROR", "ソース表示①")


def test_a_line_does_not_become_an_audit_row_by_saying_so(served: Served, store: StoreProcess) -> None:
    assert post(served, line("forged", kind="audit")).json()["stored"] == 1

    assert store.telemetry is not None
    sql = "SELECT kind, toString(attributes.claimedKind) FROM logs WHERE message = 'forged'"
    assert store.telemetry.ask(sql, {}) == [("application", "audit")]


def test_fields_that_collide_in_the_store_do_not_block_the_line(served: Served, store: StoreProcess) -> None:
    twice = {"a.b": "first", "a": {"b": 2}, "items": [{"c.d": 1, "c": {"d": 2}}]}

    reply = post(served, line("twice", **twice))

    assert reply.json()["stored"] == 1
    assert store.telemetry is not None
    sql = "SELECT toString(attributes.a.b), toString(attributes.items) FROM logs WHERE message = 'twice'"
    assert store.telemetry.ask(sql, {}) == [("first", """['{"c":{"d":1}}']""")]


def test_receiving_lines_does_not_load_pandas(served: Served) -> None:
    """Arrow would load it by default, and every server would need 40 MB more."""
    assert post(served, b"\n".join(line(f"{number}", status=number) for number in range(300))).is_success

    loaded = Path(f"/proc/{served.process.pid}/maps").read_text()

    assert "/pyarrow/" in loaded
    assert "/pandas/" not in loaded


def test_an_array_in_any_compression_is_stored_once_however_often_it_arrives(
    served: Served, store: StoreProcess
) -> None:
    array = b"[" + b",".join(line(f"nginx {number}", status=200) for number in range(20)) + b"]"
    packed = gzip.compress(array, mtime=0)

    for _ in range(2):
        assert post(served, packed, token="nginx-token", content_encoding="gzip").json()["stored"] == 20
    again = zstandard.compress(line("nginx 99", status=200))
    for _ in range(2):
        post(served, again, token="nginx-token", content_encoding="zstd", idempotency_key="99")

    assert [kind for kind, *_ in stored(store, "nginx")] == ["access"] * 21


@pytest.mark.parametrize("token", ["wrong", "metrics-token", "a b"])
def test_an_unauthenticated_sender_learns_nothing(served: Served, token: str) -> None:
    reply = post(served, line("x"), token=token)

    assert reply.status_code == 401
    assert "shop" not in reply.text


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{\n[1]\n", {}, 400),
        (b"[1, 2", {}, 400),
        (b"x", {"content_encoding": "gzip"}, 400),
        (b"x", {"content_encoding": "br"}, 400),
        (gzip.compress(bytes(64 << 20)), {"content_encoding": "gzip"}, 413),
        (zstandard.compress(bytes(64 << 20)), {"content_encoding": "zstd"}, 413),
        (b"x" * (17 << 20), {}, 413),
        (b"{}\n" * 500_001, {}, 413),
        (b"", {}, 200),
    ],
)
def test_anything_but_a_log_is_refused_with_a_reason(
    served: Served, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert post(served, body, **headers).status_code == status


def test_lines_of_a_sender_with_a_wrong_clock_are_reported_one_by_one_and_stored_as_sent(
    served: Served, store: StoreProcess
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    times = {
        "fast": now + timedelta(hours=1),
        "slow": now - timedelta(hours=1),
        "old": now - timedelta(days=92),
    }
    body = b"\n".join(line(f"clock {name}", timestamp=at.isoformat()) for name, at in times.items())

    # Refused lines are refused again; stored lines are stored only once.
    for _ in range(2):
        reply = post(served, body)

        assert (reply.status_code, reply.json()["stored"], reply.json()["refused"]) == (200, 1, 2)
        assert reply.json()["reasons"] == [
            {"line": 1, "reason": "timestamp: in the future by this server's clock"},
            {"line": 3, "reason": "timestamp: older than the document keeps application logs"},
        ]
    told = store.told("SELECT message, toUnixTimestamp64Milli(at) FROM logs WHERE message LIKE 'clock %'")
    assert told == f"clock slow\t{int(times['slow'].timestamp() * 1000)}"


@pytest.mark.parametrize("off", [timedelta(minutes=11), timedelta(days=-367)], ids=str)
def test_a_batch_with_an_impossible_reading_time_is_refused_with_the_servers_time(
    served: Served, store: StoreProcess, off: timedelta
) -> None:
    read_at = datetime.now(UTC) + off
    shown = {"authorization": f"Bearer {TOKEN}"}

    reply = asking.post(
        f"{served.url}/ingest/logs",
        params={"at": read_at.isoformat(), "file": "/var/log/early.log"},
        content=b"early",
        headers=shown,
    )

    assert (reply.status_code, reply.text) == (
        409,
        "at: no time for a line by this server's clock, see Date\n",
    )
    assert abs(parsedate_to_datetime(reply.headers["date"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert store.told("SELECT count() FROM logs WHERE message = 'early'") == "0"


def test_an_unreachable_store_makes_the_sender_wait(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("away")
    (home / "token").write_text(TOKEN)
    (home / "token").chmod(0o600)
    bindings = '[senders.shop]\ntoken = "file:token"\nmay = ["logs"]'
    with serving(home, DOCUMENT + LOGS, bindings) as away:
        reply = post(away, line("x"))

    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")


def fluent_bit(form: str, dates: Callable[[datetime], object]) -> bytes:
    """Return the output of Fluent Bit's http plugin for two records, in a format and with a date format."""
    records = [
        json.dumps({"date": dates(datetime.now(UTC)), "log": f"{form} {number}", "level": "warn"})
        for number in range(2)
    ]
    match form:
        case "json":
            return ("[" + ",".join(records) + "]").encode()
        case "json_lines":
            return "\n".join(records).encode()
        case _:
            return "".join(records).encode()


@pytest.mark.parametrize("form", ["json", "json_lines", "json_stream"])
@pytest.mark.parametrize(
    "dates",
    [
        datetime.timestamp,
        lambda now: int(now.timestamp()),
        lambda now: now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    ],
    ids=["double", "epoch", "iso8601"],
)
def test_the_http_output_of_fluent_bit_is_understood(
    served: Served, store: StoreProcess, form: str, dates: Callable[[datetime], object]
) -> None:
    # With HTTP_User and HTTP_Passwd, and `compress gzip`.
    basic = base64.b64encode(f"fluent-bit:{TOKEN}".encode()).decode()
    headers = {"authorization": f"Basic {basic}", "content-encoding": "gzip"}

    reply = asking.post(
        f"{served.url}/ingest/logs",
        content=gzip.compress(fluent_bit(form, dates), mtime=0),
        headers=headers,
        timeout=60,
    )

    assert (reply.status_code, reply.json()["stored"], reply.json()["refused"]) == (200, 2, 0)
    assert ("application", "WARNING", "shop-api", f"{form} 1") in stored(store, "shop")


@pytest.mark.parametrize("framing", ["array", "newline_delimited"])
def test_the_http_sink_of_vector_is_understood(served: Served, store: StoreProcess, framing: str) -> None:
    events = [
        json.dumps(
            {
                "file": "/var/log/app.log",
                "host": "web-1",
                "message": f"vector {framing} {number}",
                "source_type": "file",
                "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
            }
        )
        for number in range(2)
    ]
    body = ("[" + ",".join(events) + "]") if framing == "array" else "\n".join(events) + "\n"

    reply = post(served, zstandard.compress(body.encode()), content_encoding="zstd")

    assert (reply.status_code, reply.json()["stored"]) == (200, 2)
    assert ("application", "INFO", "shop-api", f"vector {framing} 0") in stored(store, "shop")
