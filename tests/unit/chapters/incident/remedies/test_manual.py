"""The manual's page on remedies can't drift from the code."""

import re
from importlib import import_module

import pytest
from tests.manual import BOTH, page, section
from tests.registered import PARTS

from toban.chapters.incident.bindings import RemedyBinding

MODULES = PARTS.kinds.modules["remedies"]


def keys(text: str) -> set[str]:
    """Return the keys of the tables in *text*."""
    return set(re.findall(r"`([a-z_]+)`", "\n".join(re.findall(r"^\| (`[^|]*)", text, re.MULTILINE))))


def parts(language: str) -> list[str]:
    return section(page(language, "remedies.md"), "`[remedies.NAME]`").split("### ")


@BOTH
def test_the_keys_common_to_every_kind_are_in_the_manual(language: str) -> None:
    assert keys(parts(language)[0]) == {"kind", *RemedyBinding.model_fields}


@BOTH
@pytest.mark.parametrize("kind", sorted(MODULES))
def test_every_key_of_a_kind_is_in_the_manual(language: str, kind: str) -> None:
    (text,) = [each for each in parts(language) if each.startswith(f'`kind = "{kind}"`')]
    config = import_module(MODULES[kind]).KIND.config

    own = {name for name in config.model_fields if name not in RemedyBinding.model_fields}
    required = {
        name
        for name, field in config.model_fields.items()
        if name in RemedyBinding.model_fields and field.is_required()
    }
    assert keys(text) == own | required
