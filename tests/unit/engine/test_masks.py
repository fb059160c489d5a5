"""Secrets are masked, and nothing else."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from toban.engine.bindings.masking import Masking
from toban.engine.masks import Mask, Masker

ALL = Masker(list(Mask))


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        # A password may contain any delimiter, so white space ends it ...
        ("password=ab;cd next", "password=*** next"),
        ("password=ab,cd next", "password=*** next"),
        ("password=ab&cd next", "password=*** next"),
        ("password=a)b]c}d next", "password=*** next"),
        ("password=it's next", "password=*** next"),
        ("password=;ab", "password=***"),
        ("password=a,b:c", "password=***"),
        # ... or the start of the next parameter, written in the same style ...
        ("password=ab&user=x", "password=***&user=x"),
        ("?token=a;b&ids[]=3&x%5B%5D=4 HTTP/1.1", "?token=***&ids[]=3&x%5B%5D=4 HTTP/1.1"),
        ("Server=db;Password=a,b;Database=shop", "Server=db;Password=***;Database=shop"),
        ("{user:u,password:ab,id:3}", "{user:u,password:***,id:3}"),
        (r"{\"url\":\"/?token=ab\",\"n\":1}", r"{\"url\":\"/?token=***\",\"n\":1}"),
        # ... or the end of a sentence, or a bracket or quote around it.
        ("login(user=u, password=ab), next", "login(user=u, password=***), next"),
        ("(password=ab): failed", "(password=***): failed"),
        ('"GET /?token=ab" 200', '"GET /?token=***" 200'),
        ("{'url': '?token=ab'}", "{'url': '?token=***'}"),
        ("password=&user=x", "password=&user=x"),
        ("Cookie: a=1,2;b=3; c=4, next", "Cookie: ***, next"),
        ("Authorization: token=a,b next", "Authorization: *** next"),
        ("Authorization: Basic a)b next", "Authorization: *** next"),
    ],
)
def test_a_value_without_quotes_is_masked_to_its_end(written: str, stored: str) -> None:
    assert ALL.text(written) == stored


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("login with password=hunter2 failed", "login with password=*** failed"),
        ('{"password": "hunter2"}', '{"password": "***"}'),
        ("Authorization: Bearer eyJhbGciOi.J9.x", "Authorization: ***"),
        ("sent Bearer eyJhbGciOi.J9.x on", "sent Bearer *** on"),
        ("GET /reset?token=abc&user=3", "GET /reset?token=***&user=3"),
        ("api_key=k-123, next", "api_key=***, next"),
        ("postgres://shop:s3cret@db/shop", "postgres://shop:***@db/shop"),
        ("paid by 4111 1111 1111 1111 today", "paid by ***1111 today"),
        ("paid by 378282246310005", "paid by ***0005"),
        ("mail to taro@example.co.jp", "mail to ***"),
        # A mailbox has at most 64 characters; matching again from each letter of a long word took minutes.
        (f"{'x' * 100}@example.com", f"{'x' * 36}***"),
        ('{"password": "my pass, phrase;1"}', '{"password": "***"}'),
        (r'{"password": "a\"b", "user": "u"}', '{"password": "***", "user": "u"}'),
        (r'"{\"password\": \"a b\", \"n\": 1}"', r'"{\"password\": \"***\", \"n\": 1}"'),
        ("{'password': 'a b', 'user': 'u'}", "{'password': '***', 'user': 'u'}"),
        ('{"password": "cut off in the mid', '{"password": "***'),
        ("userPassword=hunter2 dbpassword=x", "userPassword=*** dbpassword=***"),
        ("password_confirmation=x&user=3", "password_confirmation=***&user=3"),
        ("aws_secret_access_key = wJalr/x", "aws_secret_access_key = ***"),
        ("mysql --user shop --password hunter2 --wait", "mysql --user shop --password *** --wait"),
        ("<soap:Password Type='x'>a b</soap:Password>", "<soap:Password Type='x'>***</soap:Password>"),
        ("Cookie: theme=dark; sid=5f3a9c\nHost: shop", "Cookie: ***\nHost: shop"),
        ("Set-Cookie: sid=5f3a9c; Path=/; HttpOnly", "Set-Cookie: ***"),
        ("Authorization: token 5f3a9c by curl", "Authorization: *** by curl"),
        (
            'Authorization: Digest username="a b", response="5f3a9c"\nHost: shop',
            "Authorization: ***\nHost: shop",
        ),
        ("Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=5f3a9c", "Authorization: ***"),
        ("postgres://shop:p@ss@db/shop", "postgres://shop:***@db/shop"),
        ("4111 1111 1111 1111 12/28", "***1111 12/28"),
        ("4111111111111111 123", "***1111 123"),
        ("3 4111-1111-1111-1111 1", "3 ***1111 1"),
        ("card-4111111111111111- declined", "card-***1111- declined"),
        ("４１１１１１１１１１１１１１１１ で決済", "***１１１１ で決済"),
        ("４１１１－１１１１－１１１１－１１１１", "***１１１１"),
        ("４１１１ー１１１１ー１１１１ー１１１１", "***１１１１"),
        ("card 4111.1111.1111.1111.", "card ***1111."),
        ("1.2.4111.1111.1111.1111", "1.2.***1111"),
        ("3782.822463.10005", "***0005"),
        ("4111\u20131111\u20131111\u20131111", "***1111"),
        ("4111\u00a01111\u00a01111\u00a01111", "***1111"),
        ("4111\u20111111.1111-1111", "***1111"),
        ("took 0.4111111111111111 s, 1732591234.1234567", "took 0.4111111111111111 s, 1732591234.1234567"),
        ("1.3.6.1.4.1.4111.1111.1111.1112", "1.3.6.1.4.1.4111.1111.1111.1112"),
        ("cvv=123&user=3", "cvv=***&user=3"),
        ('{"cvc2": "123", "n": 1}', '{"cvc2": "***", "n": 1}'),
        ("Security Code: 1234, expires 12/28", "Security Code: ***, expires 12/28"),
        ("セキュリティコード：１２３", "セキュリティコード：***"),
        ("cvc: mismatch, cvc_check=pass", "cvc: mismatch, cvc_check=pass"),
        ("a1234567-1234-4123-8123-123456789012", "a1234567-1234-4123-8123-123456789012"),
        ("パスワード以外: 注文を受け付けました", "パスワード以外: 注文を受け付けました"),
        ("tokens used: 300", "tokens used: 300"),
        # Japanese names of secrets.
        ("パスワード: hunter2", "パスワード: ***"),
        ("パスワード：hunter2、ユーザー：taro", "パスワード：***、ユーザー：taro"),
        ("新しいパスワード=a b", "新しいパスワード=*** b"),
        ("（暗証番号：1234）", "（暗証番号：***）"),
        ("APIキー: k-123。", "APIキー: ***。"),
        ("ﾊﾟｽﾜｰﾄﾞ:x 秘密鍵:y トークン=z", "ﾊﾟｽﾜｰﾄﾞ:*** 秘密鍵:*** トークン=***"),
        # Releases and versions are no addresses.
        ("release shop@1.4.2 deployed", "release shop@1.4.2 deployed"),
        (
            "shop@2.0.0-rc.one @babel/core@7.23.0 app@v1.2.3",
            "shop@2.0.0-rc.one @babel/core@7.23.0 app@v1.2.3",
        ),
        ("taro@163.com, hanako@xn--wgv71a.xn--q9jyb4c", "***, ***"),
        ("担当 ｔａｒｏ＠ｅｘａｍｐｌｅ．ｃｏ．ｊｐ へ", "担当 *** へ"),
        ("taro＠example.jp", "***"),
        # Phone numbers.
        ("tel 03-1234-5678, 090-1234-5678", "tel ***, ***"),
        ("(03) 1234-5678 03(1234)5678 0120-123-456", "*** *** ***"),
        ("０９０ー１２３４ー５６７８", "***"),
        ("09012345678 0120123456", "*** ***"),
        ("+81 90-1234-5678 +81-(0)3-1234-5678 +14155552671", "*** *** ***"),
        ("0 0 0 0 0 0 0 0 0 0 0312345678", "0 0 0 0 0 0 0 0 0 0 0312345678"),
        ("2026-11-26 09:00:00 +0900 010.020.030.040", "2026-11-26 09:00:00 +0900 010.020.030.040"),
        # My Number, by its check digit.
        ("123456789018 1234-5678-9018 １２３４　５６７８　９０１８", "*** *** ***"),
        ("123456789019 1234-5678-9019", "123456789019 1234-5678-9019"),
        ("1123456789018 1234567890181", "1123456789018 1234567890181"),
        ("order 4111111111111112 took 1234567890123 ns", "order 4111111111111112 took 1234567890123 ns"),
        ("2026-11-26T12:00:00.123Z", "2026-11-26T12:00:00.123Z"),
    ],
)
def test_secrets_are_removed_from_a_text(written: str, stored: str) -> None:
    assert ALL.text(written) == stored


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


@pytest.mark.parametrize(
    "secret",
    [
        JWT,
        f"{JWT}.x.y",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "ghp_" + "aB3" * 12,
        "github_pat_11ABCDEFG0123456789_abcdefgh",
        "glpat-abcdefghij0123456789",
        "xoxb-123456789012-1234567890123-abcdefghijklmnopqrstuvwx",
        "xapp-1-A0123456789-1234567890123-abc",
        "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
        "rk_" + "test_4eC39HqLyjWDarjtT1zdp7dc",
        "whsec_abcdefghijklmnopqrstuvwxyz012345",
        "AIza" + "SyA-0123456789abcdefghijklmnopqrstuv",
        "npm_" + "aB3" * 12,
    ],
)
def test_a_secret_is_known_by_its_shape_wherever_it_stands(secret: str) -> None:
    for written in (f"used {secret}", f"key={secret};", f'{{"k": "{secret}"}}', f"https://x/?k={secret}&n=1"):
        assert secret not in ALL.text(written), written
        assert secret[:12] not in ALL.text(written), written
        assert 1 in ALL.suspects(json.dumps({"message": written}).encode())


def test_a_private_key_is_masked_to_its_end() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"

    assert ALL.text(f"read {key}\nand on") == (
        "read -----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nand on"
    )
    assert ALL.text(key[:50]) == "-----BEGIN RSA PRIVATE KEY-----***"
    assert ALL.text("-----BEGIN CERTIFICATE-----\nMIIE") == "-----BEGIN CERTIFICATE-----\nMIIE"


def test_a_webhook_keeps_only_its_host() -> None:
    written = "posted to https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX ok"

    assert ALL.text(written) == "posted to https://hooks.slack.com/services/*** ok"


def test_my_numbers_are_masked_as_numbers_too() -> None:
    assert ALL.record({"n": 123456789018, "m": 123456789019}) == {"n": "***", "m": 123456789019}


def test_japanese_fields_are_masked_by_their_names() -> None:
    assert ALL.record({"パスワード": "x", "新パスワード": "x", "備考": "y"}) == {
        "パスワード": "***",
        "新パスワード": "***",
        "備考": "y",
    }


def test_patterns_of_ones_own_mask_what_they_match_in_every_text() -> None:
    own = Masker([], patterns=["EMP-[0-9]{6}", "^顧客.+$"])

    assert own.record({"message": "by EMP-123456", "note": "顧客\n番号", "list": ["顧客7"]}) == {
        "message": "by ***",
        "note": "顧客\n番号",
        "list": ["***"],
    }
    assert list(own.suspects(b'{"message": "x"}\n{"message": "y"}')) == [1, 2]


@pytest.mark.parametrize(
    "pattern", ["(", "(?<=x)y", r"(a)\1", "x*", "", r"\b", "a" * 501, "(?:a{1000}){1000}"]
)
def test_a_pattern_that_can_not_be_used_is_refused_with_a_hint(pattern: str) -> None:
    with pytest.raises(ValidationError, match="パターン"):
        Masking(mask_patterns=(pattern,))


def test_a_pattern_takes_linear_time_whatever_it_is() -> None:
    own = Masker([], patterns=Masking(mask_patterns=("(a+)+$", "(a|aa)+b", "(.*a){12}b")).mask_patterns)

    before = time.process_time()
    own.text("a" * 100_000 + "!")

    assert time.process_time() - before < 2


def test_fields_with_secret_names_are_masked_at_any_depth() -> None:
    record = {
        "headers": {"Authorization": "Basic eDp5", "Accept": "*/*", "Set-Cookie": ["a=1", "b=2"]},
        "userPassword": "x",
        "dbToken": "y",
        "card": 4111111111111111,
        "aws_secret_access_key": "x",
        "passwordConfirmation": "x",
        "cookies": {"sid": "x"},
        "keyboard": "jp",
        "cardCvv": "123",
        "security_code": 123,
        "cvc2": 123,
        "payment": {"セキュリティコード": "123", "CVC Number": "123", "cvcCheck": "pass"},
        "attempts": [{"passwd": None, "n": 3}],
    }

    assert ALL.record(record) == {
        "headers": {"Authorization": "***", "Accept": "*/*", "Set-Cookie": "***"},
        "userPassword": "***",
        "dbToken": "***",
        "card": "***1111",
        "aws_secret_access_key": "***",
        "passwordConfirmation": "***",
        "cookies": "***",
        "keyboard": "jp",
        "cardCvv": "***",
        "security_code": "***",
        "cvc2": "***",
        "payment": {"セキュリティコード": "***", "CVC Number": "***", "cvcCheck": "pass"},
        "attempts": [{"passwd": "***", "n": 3}],
    }


def test_kinds_of_masks_not_requested_are_not_applied() -> None:
    cards_only = Masker([Mask.CARDS], fields=["Address"])

    assert cards_only.text("password=x to a@example.com") == "password=x to a@example.com"
    assert cards_only.record({"address": "Tokyo", "city": "Tokyo"}) == {"address": "***", "city": "Tokyo"}
    assert cards_only.record({"cvv": "123"}) == {"cvv": "***"}
    assert Masker([Mask.CREDENTIALS]).record({"cvv": "123", "at": "cvv=123"}) == {
        "cvv": "123",
        "at": "cvv=123",
    }


def test_lines_without_anything_to_mask_are_recognised_quickly() -> None:
    body = b"\n".join(
        (
            b'{"message": "fine", "at": "2026-11-26T12:00:00Z"}',
            b'{"message": "PASSWORD=x"}',
            b'{"message": "fine too", "ip": "192.168.1.10"}',
            b'{"message": "4111-1111-1111-1111"}',
            rb'{"pass\u0077ord": "x"}',
            b"{}",
            b'{"mail": "a@example.com", "token": 1}',
        )
    )

    assert ALL.suspects(body) == {2, 4, 5, 7}
    assert Masker([]).suspects(body) == frozenset()


def test_a_custom_field_is_found_in_a_line_that_escapes_its_name() -> None:
    chosen = Masker([], fields=["電話番号"])

    escaped = json.dumps({"電話番号": "03-0000-0000"}).encode()

    assert chosen.suspects(escaped) == {1}
    assert Masker([], fields=["phone"]).suspects(escaped) == frozenset()


def test_trace_ids_are_kept_even_if_they_look_like_a_card_number() -> None:
    trace, span = "ab4111111111111111cdefabcdefabcd", "4111111111111111"

    assert ALL.record({"traceId": trace, "span_id": span}) == {"traceId": trace, "span_id": span}
    assert ALL.record({"traceId": "card 4111111111111111", "order": span}) == {
        "traceId": "card ***1111",
        "order": "***1111",
    }


@pytest.mark.parametrize(
    "beginning",
    [
        *("173259123456", "1732591234567890", "173259123456789012"),
        *(
            "2026112612000",
            "2026112612000012",
            "1999123123595",
            "２０２６１１２６１２０００",
            "20261126-00012",
        ),
    ],
)
def test_a_time_is_not_a_card_number_whatever_its_last_digit(beginning: str) -> None:
    """One of the ten digits would be the check digit."""
    for digit in range(10):
        written = f"{beginning}{digit}"

        assert ALL.text(f"at {written}, next") == f"at {written}, next"
        if written.isdecimal():
            assert ALL.record({"timestamp": int(written)}) == {"timestamp": int(written)}


def test_only_air_travel_card_numbers_may_begin_with_a_one() -> None:
    assert ALL.text("135412345678911") == "***8911"


@pytest.mark.parametrize(
    "written",
    [
        *("request abcdef4{}-1111-4111-8111-11abcdefabcd", "ABCDEFAB-411{}-1111-4111-8111ABCDEFAB: done"),
        "00-abcdefab411111111111111{}abcdefab-00f067aa0ba902b7-01",
    ],
)
def test_an_id_in_a_text_is_not_masked(written: str) -> None:
    for digit in range(10):
        text = written.format(digit)

        assert ALL.text(text) == text
        assert ALL.text(f"{text} 4111 1111 1111 1111") == f"{text} ***1111"


_PIECES = (
    *(
        "4111",
        "1111",
        "378282",
        "246310005",
        "４１１１",
        "１１１１",
        "123",
        "x",
        "=",
        ":",
        "：",
        '"',
        "\\",
        "&",
        ";",
    ),
    *(" ", "-", ".", "．", "\u00a0", "\u2009", "\u2011", "\u2013", "\u2212", "\u3000", "ー", "－"),
    *(
        "cvv",
        "cvc2",
        "security code",
        "セキュリティコード",
        "password",
        "Token",
        "Bearer ",
        "user@example.com",
    ),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join), st.booleans())
def test_a_line_that_is_not_suspected_contains_nothing_to_mask(text: str, is_escaped: bool) -> None:
    record = {"message": text, "of": {text: "123"}}
    line = json.dumps(record, ensure_ascii=is_escaped).encode()

    assert ALL.suspects(line) or ALL.record(record) == record


@pytest.mark.parametrize("gap", [*" -.ー－", "\u00a0", "\u2011", "\u2013", "\u3000"])
@pytest.mark.parametrize("is_escaped", [False, True])
def test_a_card_number_is_suspected_with_any_usual_gap(gap: str, is_escaped: bool) -> None:
    for groups in (["4111"] + ["1111"] * 3, ["４１１１"] + ["１１１１"] * 3, ["3782", "822463", "10005"]):
        line = json.dumps({"message": gap.join(groups)}, ensure_ascii=is_escaped).encode()

        assert ALL.suspects(line) == {1}


@pytest.mark.parametrize(
    "piece",
    [
        *("1", "1 ", "1-", "1.", "1111.", "1111 ", "4111.1111.1111.1112.", "１ー", "1111.111111."),
        *("password=;", "password=a;", "password=a&b", "cvv=", "cvv: ", "セキュリティコード", "cookie: ;"),
        *("authorization: a=b,", 'authorization: a="', "securitycode", "security"),
        *("abcdefab-", "abcdefab-1111-4111-8111-11abcdefabcd "),
        *("eyJ", "eyJaaaaa-", "eyJaaaaa.", "-----BEGIN PRIVATE KEY-----", "xoxb-", "SG.", "sk-", "AKIA"),
        *(
            "a@",
            "a.a@a.",
            "@a-",
            "+1",
            "03-12",
            "(0",
            "０",
            "1234 ",
            "パスワード：",
            "hooks.slack.com/services/",
        ),
    ],
)
def test_hostile_input_is_scanned_in_linear_time(piece: str) -> None:
    """If matching restarted at each position, this would take many minutes."""
    for rest in ("", ";", "\\", "a=", " "):
        evil = piece * (10_000 // len(piece)) + rest * 20_000

        assert len(ALL.text(evil)) <= 3 * len(evil)
        assert ALL.record({evil: evil})
