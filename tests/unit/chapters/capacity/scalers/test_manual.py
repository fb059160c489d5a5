"""The manual's part on scaling can't drift from the code."""

import re
from importlib import import_module

import pytest
from tests.manual import BOTH, page, section
from tests.registered import PARTS

from toban.chapters.capacity.bindings import ScalingBinding

MODULES = PARTS.kinds.modules["scaling"]
HEADING = {"ja": "スケーリング", "en": "Scaling"}


def keys(text: str) -> set[str]:
    """Return the keys of the tables in *text*."""
    return set(re.findall(r"`([a-z_]+)`", "\n".join(re.findall(r"^\| (`[^|]*)", text, re.MULTILINE))))


@BOTH
def test_the_keys_common_to_every_kind_are_in_the_manual(language: str) -> None:
    general = section(page(language, "capacity.md"), HEADING[language]).partition("### ")[0]

    assert keys(general) == {"kind", *ScalingBinding.model_fields}


@BOTH
@pytest.mark.parametrize("kind", sorted(MODULES))
def test_every_key_of_a_kind_is_in_the_manual(language: str, kind: str) -> None:
    parts = section(page(language, "capacity.md"), HEADING[language]).split("### ")
    (text,) = [each for each in parts if each.startswith(f'`kind = "{kind}"`')]
    config = import_module(MODULES[kind]).KIND.config

    assert keys(text) == config.model_fields.keys() - ScalingBinding.model_fields.keys()
