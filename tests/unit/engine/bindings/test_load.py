"""`toban.toml` is either read completely or refused with all its mistakes."""

from datetime import time
from pathlib import Path

import pytest
from tests.registered import schema

from toban.design.finding import Finding
from toban.engine.bindings.load import (
    UnreadableBindings,
    load_bindings,
    read_bindings,
    secret_findings,
)
from toban.engine.bindings.model import Bindings
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.bindings.section import Section


class ProbeConfig(Section):
    url: str
    timeout: float = 5.0


class VaultConfig(Section):
    dsn: Secret


KINDS = schema(sources={"probe": ProbeConfig, "vault": VaultConfig}, channels={"vault": VaultConfig})

GOOD = """\
[system]
name = "南風商店"

[[targets."Webサーバー".sources]]
kind = "probe"
url = "http://127.0.0.1:9100/"

[[targets."Webサーバー".sources]]
kind = "vault"
dsn = "env:WEB_DSN"

[people."運用責任者"]
name = "佐藤"
email = "sato@example.com"

[channels.chat]
kind = "vault"
dsn = "file:chat.secret"

[assumptions]
"深夜" = "2:00"
"""


def read(text: str, path: Path = Path("toban.toml")) -> Bindings:
    return read_bindings(text, path, KINDS)


def complaints(text: str) -> tuple[Finding, ...]:
    with pytest.raises(UnreadableBindings) as caught:
        read(text)
    return caught.value.findings


def test_a_whole_file_is_read_with_its_kinds_and_lines() -> None:
    bindings = read(GOOD)

    web = bindings.targets["Webサーバー"]
    assert [(each.kind, each.line) for each in web] == [("probe", 4), ("vault", 8)]
    assert web[0].config == ProbeConfig(url="http://127.0.0.1:9100/")
    assert bindings.people["運用責任者"].email == "sato@example.com"
    assert bindings.meanings["深夜"].clock == time(2)
    assert bindings.channels["chat"].kind == "vault"


def test_an_empty_file_binds_nothing_and_is_valid() -> None:
    assert read("").targets == {}


def test_all_mistakes_are_reported_at_once_each_on_its_line() -> None:
    found = complaints("""\
[system]
timezon = "Asia/Tokyo"
holidays = "FR"

[[targets.DB.sources]]
kind = "prob"
url = "x"

[[targets.DB.sources]]
kind = "probe"
timeout = "soon"

[assumptions]
"深夜" = "25:00"
""")

    assert [(each.code, each.origin.line) for each in found] == [
        ("BD002", 2),
        ("BD004", 3),
        ("BD006", 6),
        ("BD003", 9),
        ("BD004", 11),
        ("BD004", 14),
    ]


def test_an_unknown_key_is_answered_with_the_nearest_known_one() -> None:
    (found,) = complaints('[people."開発担当者"]\nemial = "dev@example.com"\n')

    assert str(found) == (
        "toban.toml:2: BD002 「emial」という項目はありません\n"
        '    emial = "…"\n'
        "HINT: 「email」ではありませんか"
    )


def test_an_unknown_kind_is_answered_with_the_nearest_known_one() -> None:
    (found,) = complaints('[channels.chat]\nkind = "valt"\n')

    assert str(found.hint) == 'kind = "vault" ではありませんか'
    assert found.hint.in_language("en") == 'Did you mean kind = "vault"?'


def test_a_secret_written_in_plain_text_is_refused_and_not_repeated() -> None:
    (found,) = complaints('[channels.chat]\nkind = "vault"\ndsn = "postgresql://shop:hunter2@db/shop"\n')

    assert (found.code, found.origin.line) == ("BD005", 3)
    assert "env:" in str(found.hint)
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    "text", ['a = "hunter2\n', '[channels]\nchat = "hunter2"\n', 'password = "hunter2"\n']
)
def test_no_error_repeats_a_text_value(text: str) -> None:
    found = complaints(text)

    assert found
    assert "hunter2" not in "".join(map(str, found))


def test_a_syntax_error_names_its_line() -> None:
    (found,) = complaints('[system]\nname = "a"\n\n[targets.Webサーバー]\n')

    assert (found.code, found.origin.line) == ("BD001", 4)
    assert '"Webサーバー"' in str(found.hint)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UnreadableBindings, match="toban init"):
        load_bindings(tmp_path / "toban.toml", KINDS)


def test_a_file_that_is_not_utf8_is_refused_with_a_clear_message(tmp_path: Path) -> None:
    path = tmp_path / "toban.toml"
    path.write_bytes("[system]\nname = '店'".encode("shift_jis"))

    with pytest.raises(UnreadableBindings, match="UTF-8"):
        load_bindings(path, KINDS)


def test_missing_secrets_are_findings_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEB_DSN", raising=False)

    found = secret_findings(read(GOOD, tmp_path / "toban.toml"))

    assert [(each.code, each.origin.line) for each in found] == [("BD007", 8), ("BD007", 16)]
    assert "WEB_DSN" in str(found[0].message)
    assert str(tmp_path / "chat.secret") in str(found[1].message)


def test_a_world_readable_secret_file_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_DSN", "postgresql://db")
    secret = tmp_path / "chat.secret"
    secret.write_text("s3cret\n")
    bindings = read(GOOD, tmp_path / "toban.toml")

    secret.chmod(0o644)
    assert [each.code for each in secret_findings(bindings)] == ["BD008"]
    secret.chmod(0o600)
    assert secret_findings(bindings) == ()


def test_a_secret_is_revealed_on_request_and_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_DSN", "hunter2")
    (tmp_path / "s").write_text("hunter3\n")
    from_env, from_file = Secret("env:WEB_DSN"), Secret("file:s", tmp_path)

    assert (from_env.reveal(), from_file.reveal()) == ("hunter2", "hunter3")
    assert "hunter" not in f"{from_env} {from_env!r} {from_file} {from_file!r}"


def test_an_empty_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_DSN", "")

    with pytest.raises(SecretUnavailable, match="WEB_DSN"):
        Secret("env:WEB_DSN").reveal()


def test_an_invalid_closing_day_is_refused_with_the_expected_format() -> None:
    (found,) = complaints('[system]\nclosed = ["12-29..01-03", "02-30"]\n')

    assert (found.code, found.origin.line) == ("BD004", 2)
    assert '"12-29..01-03" (毎年)' in str(found.message)
    assert "あるはずの日" in str(found.hint)


def test_links_to_other_pages_are_read_with_their_names() -> None:
    read = read_bindings(
        '[system]\nlinks = { Wiki = "https://wiki.example.com/" }', Path("toban.toml"), KINDS
    )

    assert dict(read.system.links) == {"Wiki": "https://wiki.example.com/"}


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "//wiki.example.com",
        "https://",
        "https://nami:pw@example.com/",
        "https://[::1/",
    ],
)
def test_only_addresses_of_pages_become_links(address: str) -> None:
    with pytest.raises(UnreadableBindings) as refused:
        read_bindings(f'[system]\nlinks = {{ Wiki = "{address}" }}', Path("toban.toml"), KINDS)

    assert "bindings.not-a-web-address" in repr(refused.value.findings)
