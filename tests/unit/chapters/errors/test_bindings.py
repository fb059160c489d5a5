"""Applications that report their errors."""

from pathlib import Path

import pytest
from tests.registered import schema

from toban.chapters.errors.bindings import ERRORS
from toban.engine.bindings.load import UnreadableBindings, read_bindings, secret_findings
from toban.engine.bindings.model import Bindings


def bound(text: str) -> Bindings:
    return read_bindings(text, Path("toban.toml"), schema())


def test_an_application_needs_only_a_key() -> None:
    found = ERRORS.of(bound('[errors.shop]\nkey = "env:SHOP_KEY"'))["shop"]

    assert (found.project, found.rate, str(found.key)) == (1, 600, "env:SHOP_KEY")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[errors.a]\nkey = "env:A"\n[errors.b]\nkey = "env:B"', "project = 1 が二つあります"),
        ('[errors.a]\nkey = "0123456789abcdef0123456789abcdef"', "秘密の値がそのまま"),
        ('[errors.a]\nkey = "env:A"\nproject = 0', "許される範囲の外です"),
        ('[errors.a]\nkey = "env:A"\nrate = 0', "許される範囲の外です"),
        ("[errors.a]\nproject = 1", "「key」がありません"),
    ],
)
def test_impossible_settings_are_reported_with_a_hint(text: str, complaint: str) -> None:
    with pytest.raises(UnreadableBindings) as told:
        bound(text)

    assert complaint in str(told.value)
    assert "HINT: " in str(told.value)


def test_a_missing_key_is_reported() -> None:
    (finding,) = secret_findings(bound('[errors.shop]\nkey = "env:TOBAN_TEST_NOWHERE_KEY"'))

    assert (finding.code, finding.origin.line) == ("BD007", 1)
