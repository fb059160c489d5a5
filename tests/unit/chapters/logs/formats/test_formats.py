"""Lines as programs write them become JSON objects, each at its position."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.chapters.logs.formats import FORMATS
from toban.chapters.logs.formats.convert import Surroundings
from toban.chapters.logs.intake.limits import LONGEST_LINE
from toban.engine.bindings.senders import LogFormat

AROUND = Surroundings(ZoneInfo("Asia/Tokyo"), datetime(2026, 11, 26, 1, 0, tzinfo=UTC))


def convert(form: LogFormat, body: bytes) -> list[dict[str, object]]:
    return [json.loads(line) if line else {} for line in FORMATS[form](body, AROUND).split(b"\n")]


def one(form: LogFormat, line: str) -> dict[str, object]:
    (found,) = convert(form, line.encode())
    return found


def test_every_format_that_the_bindings_may_name_can_be_read() -> None:
    assert sorted(FORMATS) == sorted(get_args(LogFormat))


@pytest.mark.parametrize(
    ("line", "at", "level"),
    [
        ("2026-11-26T10:00:00.5+09:00 INFO started", "2026-11-26T10:00:00.500000+09:00", "INFO"),
        ("2026-11-26 10:00:00,123 ERROR shop.cart: no", "2026-11-26T10:00:00.123000+09:00", "ERROR"),
        ("[2026-11-26T01:00:00Z] [warn] x", "2026-11-26T01:00:00+00:00", "warn"),
        ("2026-11-26 01:00:00 UTC [12] FATAL:  the database", "2026-11-26T01:00:00+00:00", "FATAL"),
        ("2026/11/26 10:00:00 [error] 7#7: *1 open()", "2026-11-26T10:00:00+09:00", "error"),
        ("[Thu Nov 26 10:00:00.12 2026] [core:crit] x", "2026-11-26T10:00:00.120000+09:00", "crit"),
        ("\x1b[32m2026-11-26 10:00:00\x1b[0m \x1b[31mERROR\x1b[0m x", "2026-11-26T10:00:00+09:00", "ERROR"),
        ('level=warning msg="slow"', None, "warning"),
        ("2026-13-45 10:00:00 all is well", None, None),
        ("an ERRORLESS day of terror", None, None),
    ],
)
def test_time_and_level_are_read_from_text(line: str, at: str | None, level: str | None) -> None:
    found = one("text", line)

    assert (found.get("timestamp"), found.get("level")) == (at, level)


def test_text_lines_keep_their_words_and_embedded_json_is_read() -> None:
    body = (
        "caf\u00e9 \x1b[1mdown\x1b[0m\r\n".encode()
        + b'\n{"message":"in","level":"WARN"}\n\xff\xfe!\n{broken}'
    )

    assert convert("text", body) == [
        {"message": "café down"},
        {},
        {"message": "in", "level": "WARN"},
        {"message": "\ufffd\ufffd!"},
        {"message": "{broken}"},
    ]


def test_continuation_lines_belong_to_the_line_before() -> None:
    python = (
        "2026-11-26 10:00:00,123 ERROR shop.cart: failed\nTraceback (most recent call last):\n"
        '  File "cart.py", line 7, in add\n    raise ValueError\nValueError: no stock'
    )
    java = "Exception in thread main\n\tat shop.Cart.add(Cart.java:7)"
    body = f"{python}\n2026-11-26 10:00:01,000 INFO next\n{java}\nfirst\nERROR second\n".encode()

    trace, *empty, following, _, _, first, second, last = convert("text", body)

    assert (trace["message"], trace["level"]) == (python, "ERROR")
    assert empty == [{}] * 4
    assert following["message"] == f"2026-11-26 10:00:01,000 INFO next\n{java}\nfirst"
    assert (first, second["message"], last) == ({}, "ERROR second", {})


def test_lines_without_times_are_separate_unless_indented() -> None:
    body = b'Exception\n\tat a\n\tat b\nother\n{"message":"json"}\n  after json'

    found = [each["message"] for each in convert("text", body) if each]

    assert found == ["Exception\n\tat a\n\tat b", "other", "json", "  after json"]


def test_a_private_key_in_plain_text_is_one_message_so_that_it_is_masked_as_a_whole() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nIBADAN\n-----END PRIVATE KEY-----"

    found = [each["message"] for each in convert("text", f"before\n{key}\nafter\n".encode()) if each]

    assert found == ["before", key, "after"]


def test_a_stack_trace_that_is_too_long_continues_in_another_row() -> None:
    body = b"2026-11-26 10:00:00 ERROR x\n" + b"  at somewhere\n" * 10_000

    rows = [each for each in convert("text", body) if each]

    assert len(rows) > 1
    assert sum(str(each["message"]).count("somewhere") for each in rows) == 10_000


def test_zero_bytes_before_a_line_are_not_part_of_it() -> None:
    assert one("text", "\0" * 1000 + "after the hole") == {"message": "after the hole"}


def test_an_overlong_line_is_cut_and_marked() -> None:
    (line,) = FORMATS["text"](b"\x01" * LONGEST_LINE, AROUND).split(b"\n")

    assert len(line) <= LONGEST_LINE
    assert json.loads(line)["cutFrom"] == LONGEST_LINE


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b'{"a":1}{"a":2}\n{"a":3}', [b'{"a":1}', b'{"a":2}', b'{"a":3}']),
        (b'{"a":1} {"a":2}', [b'{"a":1} {"a":2}']),
        (b'{"a":"}{"}', [b'{"a":"}{"}']),
        (b'{"a":1}{"b', [b'{"a":1}{"b']),
        (b' [{"a":1},{"a":2}]', [b'{"a":1}', b'{"a":2}']),
    ],
)
def test_json_objects_are_split_wherever_they_end(body: bytes, lines: list[bytes]) -> None:
    assert FORMATS["json"](body, AROUND).split(b"\n") == lines


def test_a_truncated_array_is_not_read_as_json() -> None:
    with pytest.raises(ValueError, match="no JSON array"):
        FORMATS["json"](b'[{"a":1},', AROUND)


def docker(log: str, stream: str = "stdout") -> bytes:
    return json.dumps({"log": log, "stream": stream, "time": "2026-11-26T01:00:00.5Z"}).encode()


def test_docker_log_lines_are_unpacked() -> None:
    body = b"\n".join(
        (docker("ERROR no stock\n", "stderr"), docker('{"message":"in","time":"2026-11-26T00:59:59Z"}\n'))
    )

    assert convert("docker", body) == [
        {
            "message": "ERROR no stock",
            "stream": "stderr",
            "time": "2026-11-26T01:00:00.5Z",
            "level": "ERROR",
        },
        {"message": "in", "time": "2026-11-26T00:59:59Z", "stream": "stdout"},
    ]


PYTHON = """Traceback (most recent call last):
  File "/srv/shop/cart.py", line 7, in add
    take(sku)
KeyError: 'sku'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/shop/app.py", line 3, in <module>
    add()
shop.NoStock: sku"""
JAVA = """Exception in thread "main" java.lang.IllegalStateException: no stock
\tat shop.Cart.add(Cart.java:7)
Caused by: java.lang.NullPointerException
\tat shop.Stock.of(Stock.java:3)
\t... 1 more"""
GO = """panic: no stock

goroutine 1 [running]:
main.add(0x7)
\t/srv/shop/main.go:7 +0x1d
main.main()
\t/srv/shop/main.go:3 +0x1d
exit status 2"""
NODE = """Error: no stock
    at add (/srv/shop/cart.js:7:9)
    at /srv/shop/app.js:3:1"""


@pytest.mark.parametrize("trace", [PYTHON, JAVA, GO, NODE])
def test_a_stack_trace_in_dockers_file_is_one_error(trace: str) -> None:
    written = [docker(f"{line}\n", "stderr") for line in trace.split("\n")]
    # Lines of the other stream may come in between, and the next error is one of its own.
    body = b"\n".join((*written[:2], docker("started\n"), *written[2:], *written, docker("end\n", "stderr")))

    first, started, second, end = [each for each in convert("docker", body) if each]

    assert (first["message"], first["level"]) == (trace, "ERROR")
    assert (second["message"], second["level"]) == (trace, "ERROR")
    assert (started["message"], "level" in started) == ("started", False)
    assert end["message"] == "end"


@pytest.mark.parametrize("trace", [PYTHON, JAVA, NODE])
def test_a_stack_trace_without_times_is_one_row_of_text(trace: str) -> None:
    body = f"{trace}\n{trace}\nend".encode()

    first, second, end = [each["message"] for each in convert("text", body) if each]

    assert first == second == "\n".join(filter(None, trace.split("\n")))
    assert end == "end"


def test_what_a_container_writes_to_stderr_is_an_error_unless_it_says_otherwise() -> None:
    lines = ("no stock\n", "WARN slow\n", '{"msg":"in"}\n')

    found = convert("docker", b"\n".join(docker(line, "stderr") for line in lines))

    assert [each.get("level") for each in found] == ["ERROR", "WARN", None]


def test_dockers_pieces_of_a_long_line_are_joined_again() -> None:
    long = "x" * 16384
    body = b"\n".join((docker(long), docker("of err\n", "stderr"), docker(long), docker("end\n")))

    found = convert("docker", body)

    assert [len(str(each.get("message", ""))) for each in found] == [0, 6, 0, 2 * 16384 + 3]


def test_dockers_last_piece_in_a_batch_is_not_lost() -> None:
    found = convert("docker", docker("y" * 16384))

    assert [len(str(each.get("message", ""))) for each in found] == [0, 16384]


def test_a_journal_entry_has_its_level_service_and_host() -> None:
    entry = {
        "__REALTIME_TIMESTAMP": "1795694400250000",
        "__CURSOR": "s=1",
        "_HOSTNAME": "web-1",
        "_SYSTEMD_UNIT": "shop.service",
        "_PID": "42",
        "_BOOT_ID": "b",
        "SYSLOG_IDENTIFIER": "shop",
        "PRIORITY": "3",
        "ORDER_ID": "o-1",
        "MESSAGE": "no stock",
    }

    assert one("journald", json.dumps(entry)) == {
        "message": "no stock",
        "timestamp": 1795694400.25,
        "level": "ERROR",
        "service": "shop",
        "host": "web-1",
        "unit": "shop.service",
        "pid": "42",
        "order_id": "o-1",
    }


@pytest.mark.parametrize(
    ("written", "message"), [([104, 255, 105], "h\ufffdi"), (None, ""), (["a", "b"], "a b")]
)
def test_a_journal_message_may_be_bytes_or_missing(written: object, message: str) -> None:
    assert one("journald", json.dumps({"MESSAGE": written, "PRIORITY": "6"}))["message"] == message


def test_container_and_journal_records_from_shippers_are_read_like_the_originals() -> None:
    # Fluent Bit's tail and systemd inputs in its `json` format, and Vector's journald source.
    container = b'[{"date":1795694400.25,"log":"WARN slow\\n","stream":"stdout"},{"date":1,"log":"x"}]'
    journal = b'[{"date":1795694400.25,"MESSAGE":"no stock","PRIORITY":"4","_HOSTNAME":"web-1"}]'
    vector = b'{"message":"no stock","PRIORITY":"4","host":"web-1","timestamp":"2026-11-26T01:00:00Z"}'

    assert convert("docker", container)[0] == {
        "message": "WARN slow",
        "date": 1795694400.25,
        "stream": "stdout",
        "level": "WARN",
    }
    (from_fluent_bit,), (from_vector,) = convert("journald", journal), convert("journald", vector)
    told = {"message": "no stock", "level": "WARNING", "host": "web-1"}
    assert from_fluent_bit == {**told, "date": 1795694400.25}
    assert from_vector == {**told, "timestamp": "2026-11-26T01:00:00Z"}


def test_a_container_line_that_only_looks_like_an_array_is_text() -> None:
    assert convert("docker", b"[{notice} started") == [{"message": "[{notice} started"}]


COMBINED = (
    '203.0.113.9 - taro [26/Nov/2026:10:00:00 +0900] "GET /orders/17?q=\\"a\\" HTTP/1.1" 503 612'
    ' "https://shop.example/" "Mozilla/5.0 (X11)"'
)


def test_an_access_line_is_a_request() -> None:
    assert one("access", COMBINED) == {
        "timestamp": "2026-11-26T10:00:00+09:00",
        "message": 'GET /orders/17?q=\\"a\\" HTTP/1.1',
        "ip": "203.0.113.9",
        "userId": "taro",
        "method": "GET",
        "path": '/orders/17?q=\\"a\\"',
        "status": 503,
        "bytes": 612,
        "referer": "https://shop.example/",
        "userAgent": "Mozilla/5.0 (X11)",
    }


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        (" 0.012", {"request_time": 0.012}),
        (" 1520", {"durationMs": 1.52}),
        (' "10.0.0.1" rt=0.250', {"request_time": 0.25}),
        (' "10.0.0.1"', {"rest": '"10.0.0.1"'}),
    ],
)
def test_the_number_at_the_end_of_an_access_line_is_the_duration(rest: str, told: dict[str, object]) -> None:
    found = one("access", COMBINED + rest)

    assert found.items() >= told.items()


def test_common_format_virtual_host_and_scanner_lines_are_access_lines_too() -> None:
    body = (
        b'127.0.0.1 - - [26/Nov/2026:10:00:00 +0900] "POST /a HTTP/1.0" 200 -\n'
        b'shop.example:443 ::1 - - [26/Nov/2026:10:00:00 +0900] "GET / HTTP/2.0" 200 5 "-" "-"\n'
        b'127.0.0.1 - - [26/Nov/2026:10:00:00 +0900] "\\x16\\x03\\x01" 400 150 "-" "-"\n'
        b"nginx: started"
    )

    common, virtual, scanner, other = convert("access", body)

    assert (common["method"], common["status"], "bytes" in common) == ("POST", 200, False)
    assert (virtual["host"], virtual["ip"]) == ("shop.example:443", "::1")
    assert (scanner["message"], scanner["status"], "method" in scanner) == ("\\x16\\x03\\x01", 400, False)
    assert other == {"message": "nginx: started"}


@pytest.mark.parametrize("form", sorted(get_args(LogFormat)))
@given(body=st.binary(max_size=300))
def test_any_input_becomes_lines(form: LogFormat, body: bytes) -> None:
    body = body.replace(b"[", b"(")

    lines = FORMATS[form](body, AROUND).split(b"\n")

    assert len(lines) >= body.count(b"\n") + 1


@pytest.mark.parametrize("form", ["text", "access", "syslog"])
@given(text=st.text(max_size=300))
def test_each_line_of_text_becomes_one_object_at_its_position(form: LogFormat, text: str) -> None:
    written = text.split("\n")

    lines = FORMATS[form](text.encode("utf-8", "surrogatepass"), AROUND).split(b"\n")

    assert len(lines) == len(written)
    assert all(isinstance(json.loads(line), dict) for line in lines if line)


DEEP = f"{'{"a":' * 300}1{'}' * 300}"
"""What can be read, and is nested too deep to be written."""


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("text", str),
        ("text", "@cee: {}".format),
        ("access", str),
        ("syslog", "<13>Nov 26 10:00:00 web shop: {}".format),
        ("docker", lambda said: json.dumps({"log": f"{said}\n", "time": "2026-11-26T01:00:00Z"})),
        ("journald", lambda said: json.dumps({"MESSAGE": said, "PRIORITY": "6"})),
    ],
)
def test_an_object_that_is_nested_too_deep_stays_the_text_that_was_logged(
    form: LogFormat, written: Callable[[str], str]
) -> None:
    found, after = convert(form, f"{written(DEEP)}\n{written('all is well')}".encode())

    assert DEEP in str(found["message"])
    assert "all is well" in str(after["message"])


@pytest.mark.parametrize("form", ["json", "journald", "docker"])
def test_of_an_array_only_the_member_that_is_nested_too_deep_is_refused(form: LogFormat) -> None:
    body = f'[{DEEP}, {{"message": "all is well"}}]'.encode()

    refused, kept = FORMATS[form](body, AROUND).split(b"\n")

    assert refused == b"null"
    assert b"all is well" in kept


def test_an_entry_of_the_journal_that_is_nested_too_deep_is_refused_alone() -> None:
    body = f'{{"MESSAGE": "x", "OWN": {DEEP}}}\n{{"MESSAGE": "all is well"}}'.encode()

    refused, kept = FORMATS["journald"](body, AROUND).split(b"\n")

    assert DEEP.encode() in refused
    assert b"all is well" in kept
