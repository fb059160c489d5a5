"""Versions in the order of each ecosystem."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as some

from toban.chapters.vulnerabilities.versions import VersionUnreadable, version_of

_REST = some.text("0123456789ab.+~", max_size=6)
_DEBIAN = some.builds(
    lambda epoch, upstream, rest, revision: f"{epoch}{upstream}{rest}{revision}",
    some.sampled_from(("", "0:", "1:")),
    some.integers(0, 20),
    _REST,
    some.one_of(some.just(""), some.builds("-{}{}".format, some.integers(0, 20), _REST)),
)


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="needs dpkg")
@given(_DEBIAN, _DEBIAN)
def test_the_order_of_debian_is_dpkgs_own(one: str, other: str) -> None:
    asked = ["dpkg", "--compare-versions", one, "lt", other]
    is_less = subprocess.run(asked, capture_output=True, check=False).returncode == 0

    assert (version_of("Debian", one) < version_of("Debian", other)) is is_less


@pytest.mark.parametrize(
    ("family", "ordered"),
    [
        ("PyPI", ["1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1.10", "1!0.1"]),
        ("npm", ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.10"]),
        ("AlmaLinux", ["0:1.0~rc1-1", "1.0-1.el9", "1.0-2.el9", "1.0-2.el9_1", "1:0.5-1"]),
        ("Alpine", ["1.2_rc1", "1.2", "1.2-r1", "1.2.1", "1.10"]),
        (
            "Alpine",
            ["1_pre", "1", "1_cvs", "1_svn3", "1_git20200101-r6", "1_git20230717", "1_hg1", "1_p1", "1_p2"],
        ),
        ("Go", ["1.2.3-pre", "1.2.3", "v1.10.0"]),
        ("RubyGems", ["1.0.0.pre", "1.0.0", "1.0.0.1", "1.10"]),
        ("Maven", ["1.0-alpha-1", "1.0-SNAPSHOT", "1.0", "1.0.1"]),
    ],
)
def test_the_order_is_the_ecosystems(family: str, ordered: list[str]) -> None:
    assert sorted(set(ordered), key=lambda text: version_of(family, text)) == ordered


@pytest.mark.parametrize(
    ("family", "text"),
    [("PyPI", "what?"), ("Debian", ""), ("npm", "latest"), ("Nobody's", "1"), ("PyPI", "1" * 300)],
)
def test_anything_else_is_no_version(family: str, text: str) -> None:
    with pytest.raises(VersionUnreadable):
        version_of(family, text)
