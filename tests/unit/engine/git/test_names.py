"""Names that a stranger can push, and which of them are taken."""

import pytest

from toban.engine.git.names import is_full_hash, is_hash, is_usable_name


@pytest.mark.parametrize(
    "name", ["main", "release/1.2", "release-2026.11", "feature/注文", "v1.4.2", "a@b", "x" * 250]
)
def test_ordinary_names_are_taken(name: str) -> None:
    assert is_usable_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "@",
        "-",
        "--upload-pack=touch /x",
        "--upload-pack=x",
        "release/-x",
        "release\nmain",
        "release\tmain",
        "release main",
        "release..main",
        "release/.hidden",
        "main.lock",
        "main.lock/x",
        "main.",
        "main@{1}",
        "main~1",
        "main^",
        "refs:main",
        "main*",
        "main[1]",
        "ma\\in",
        "/main",
        "main/",
        "a//b",
        "ma\u202ein",
        "ma\u200bin",
        "ma\x7fin",
        "ma\udce9in",
        "x" * 251,
    ],
)
def test_names_that_deceive_are_not(name: str) -> None:
    assert not is_usable_name(name)


def test_a_hash_is_told_from_a_name() -> None:
    assert is_full_hash("a" * 40)
    assert is_full_hash("0" * 64)
    assert not is_full_hash("a" * 39)
    assert not is_full_hash("A" * 40)
    assert is_hash("deadbee")
    assert not is_hash("dead")
    assert not is_hash("--all")
