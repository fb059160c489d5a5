"""HTTP requests, parsed into a value."""

import base64

import pytest

from toban.engine.telemetry.child.refusal import RequestRefusal
from toban.engine.telemetry.child.request import Request, authenticate, parse


def _basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    "headers",
    [_basic("toban:open sesame"), _basic(":open sesame"), {"x-clickhouse-key": "open sesame"}],
)
def test_a_request_with_the_secret_is_accepted(headers: dict[str, str]) -> None:
    authenticate(headers, "open sesame")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        _basic("toban:open sesam"),
        _basic("toban:open sesame "),
        _basic("open sesame"),
        {"x-clickhouse-key": ""},
        {"authorization": "Basic not base64!"},
        {"authorization": "Basic /w=="},
        {"authorization": "Bearer open sesame"},
    ],
)
def test_a_request_without_the_secret_is_refused_and_the_answer_does_not_contain_it(
    headers: dict[str, str],
) -> None:
    with pytest.raises(RequestRefusal) as refusal:
        authenticate(headers, "open sesame")

    assert refusal.value.status == 403
    assert "sesame" not in refusal.value.text


def test_parameters_settings_and_transport_are_distinguished() -> None:
    query = (
        b"query=SELECT+1&param_a=x%3D1&max_threads=2&database=toban&session_id=s&default_format=CSV&empty="
    )

    request = parse(query, {}, b"rows")

    assert request == Request(
        text=b"SELECT 1",
        rows=b"rows",
        parameters={"a": "x=1"},
        settings={"max_threads": "2"},
        default_format="CSV",
    )


def test_without_a_query_in_the_url_the_body_is_the_statement() -> None:
    request = parse(b"", {}, b"SELECT 1")

    assert (request.text, request.rows) == (b"SELECT 1", b"")


def test_an_empty_request_is_refused() -> None:
    with pytest.raises(RequestRefusal) as refusal:
        parse(b"", {}, b"")

    assert refusal.value.status == 400


def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(RequestRefusal) as refusal:
        parse(b"", {"content-encoding": "gzip"}, b"\x1f\x8b")

    assert refusal.value.status == 501


def _form(*fields: tuple[str, str]) -> bytes:
    parts = (
        f'--mark\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{content}\r\n'
        for name, content in fields
    )
    return ("".join(parts) + "--mark--\r\n").encode()


FORM = {"content-type": "multipart/form-data; boundary=mark"}


def test_long_values_may_be_sent_in_a_form() -> None:
    request = parse(b"max_threads=2", FORM, _form(("query", "SELECT {a:String}"), ("param_a", "当番\n1")))

    assert request.text == b"SELECT {a:String}"
    assert request.parameters == {"a": "当番\n1"}
    assert request.settings == {"max_threads": "2"}


def test_external_data_in_a_form_is_refused() -> None:
    with pytest.raises(RequestRefusal, match="external data"):
        parse(b"", FORM, _form(("query", "SELECT 1"), ("table", "1")))


@pytest.mark.parametrize("body", [b"", b"no form", b"--mark\r\n\r\n--mark--"])
def test_a_broken_form_is_refused(body: bytes) -> None:
    with pytest.raises(RequestRefusal) as refusal:
        parse(b"", FORM, body)

    assert refusal.value.status == 400
