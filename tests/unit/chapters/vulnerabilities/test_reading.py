"""Lists of what is installed, as their programs write them."""

import json
from typing import Any

import pytest

from toban.chapters.vulnerabilities.inventories.reading.distribution import NotAListing, read_host
from toban.chapters.vulnerabilities.inventories.reading.locks import NotALock, Unpinned, read_lock
from toban.chapters.vulnerabilities.inventories.reading.sbom import NotABill, package_of, read_bill
from toban.chapters.vulnerabilities.package import Package

_DPKG = """PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
ID=debian
VERSION_ID="12"
== dpkg
Package: libcurl4
Status: install ok installed
Architecture: amd64
Source: curl
Version: 7.88.1-10+deb12u5
Description: easy-to-use client-side URL transfer library
 Package: not-a-field
 .

Package: bash
Status: install ok installed
Version: 5.2.15-2+b2
Source: bash (5.2.15-2)

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: fresh
Status: deinstall ok not-installed
Version: 1.0

Package: half
Status: install ok half-configured
Version: 1.1

Package: waiting
Status: install ok triggers-awaited
Version: 1.2

Package: vim
Status: hold ok installed
Version: 2:9.0.1378-2
"""


def test_dpkg_is_read_by_source_package_and_its_version() -> None:
    assert list(read_host(_DPKG)) == [
        Package("Debian:12", "curl", "7.88.1-10+deb12u5", "libcurl4"),
        Package("Debian:12", "bash", "5.2.15-2"),
        Package("Debian:12", "half", "1.1"),
        Package("Debian:12", "waiting", "1.2"),
        Package("Debian:12", "vim", "2:9.0.1378-2"),
    ]


def test_apk_and_rpm_are_read() -> None:
    apk = (
        "ID=alpine\nVERSION_ID=3.19.1\n== apk\n"
        "C:Q1\nP:musl-utils\nV:1.2.4_git2023-r4\no:musl\n\nP:zlib\nV:1.3-r2\n"
    )
    rpm = (
        'ID="almalinux"\nVERSION_ID="9.3"\n== rpm\nbash\t0:5.1.8-6.el9\ngpg-pubkey\t0:d1-2\n'
        "openssl\t1:3.0.7-24.el9\n"
    )

    assert list(read_host(apk)) == [
        Package("Alpine:v3.19", "musl", "1.2.4_git2023-r4", "musl-utils"),
        Package("Alpine:v3.19", "zlib", "1.3-r2"),
    ]
    assert list(read_host(rpm)) == [
        Package("AlmaLinux:9", "bash", "5.1.8-6.el9"),
        Package("AlmaLinux:9", "openssl", "1:3.0.7-24.el9"),
    ]


@pytest.mark.parametrize(
    ("release", "ecosystem"),
    [
        ('ID=ubuntu\nVERSION_ID="22.04"', "Ubuntu:22.04:LTS"),
        ('ID=ubuntu\nVERSION_ID="23.10"', "Ubuntu:23.10"),
        ("ID='rocky'\nVERSION_ID='8.9'", "Rocky Linux:8"),
        ('ID="opensuse-leap"\nVERSION_ID="15.6"', "openSUSE:Leap 15.6"),
    ],
)
def test_the_ecosystem_is_named_as_advisories_name_it(release: str, ecosystem: str) -> None:
    (found,) = read_host(f"{release}\n== dpkg\nPackage: a\nStatus: install ok installed\nVersion: 1\n")

    assert found.ecosystem == ecosystem


@pytest.mark.parametrize(
    ("written", "system"),
    [
        ('ID=plan9\nPRETTY_NAME="Plan 9"\n== dpkg\n', "Plan 9"),
        ("ID=debian\n== dpkg\n", "debian"),
        ("nothing", ""),
        ("ID=debian\nVERSION_ID=12\n== pacman\n", ""),
    ],
)
def test_a_host_that_no_advisories_are_about_is_named(written: str, system: str) -> None:
    with pytest.raises(NotAListing) as refused:
        list(read_host(written))

    assert refused.value.system == system


def _toml(*entries: str) -> str:
    return "\n".join(f"[[package]]\n{each}" for each in entries)


@pytest.mark.parametrize(
    ("name", "written", "found"),
    [
        (
            "requirements.txt",
            (
                "# pinned\ndjango==4.2.1 \\\n    --hash=sha256:00\n"
                "uvicorn[standard] == 0.30 ; python_version > '3'\n"
                "--index-url https://mirror.example/simple\n-c limits.txt\n  indented==3  # with a remark\n"
            ),
            [("PyPI", "django", "4.2.1"), ("PyPI", "uvicorn", "0.30"), ("PyPI", "indented", "3")],
        ),
        (
            "uv.lock",
            _toml(
                'name = "shop"\nversion = "1"\nsource = { editable = "." }',
                'name = "httpx"\nversion = "0.28"\nsource = { registry = "x" }',
                'name = "noversion"',
            ),
            [("PyPI", "httpx", "0.28")],
        ),
        (
            "pylock.toml",
            (
                'lock-version = "1.0"\ncreated-by = "pip"\n'
                '[[packages]]\nname = "attrs"\nversion = "25.1.0"\n'
                '[[packages]]\nname = "shop"\nversion = "1"\ndirectory = { path = "." }\n'
            ),
            [("PyPI", "attrs", "25.1.0")],
        ),
        ("Cargo.lock", _toml('name = "serde"\nversion = "1.0.1"'), [("crates.io", "serde", "1.0.1")]),
        (
            "package-lock.json",
            json.dumps(
                {
                    "packages": {
                        "": {"version": "1.0.0"},
                        "node_modules/a": {"version": "1.2.3"},
                        "node_modules/a/node_modules/@b/c": {"version": "2.0.0"},
                        "node_modules/own": {"link": True, "resolved": "own"},
                    }
                }
            ),
            [("npm", "a", "1.2.3"), ("npm", "@b/c", "2.0.0")],
        ),
        (
            "composer.lock",
            json.dumps({"packages": [{"name": "a/b", "version": "v1.2"}], "packages-dev": []}),
            [("Packagist", "a/b", "1.2")],
        ),
        (
            "Gemfile.lock",
            (
                "GEM\n  remote: x\n  specs:\n    nokogiri (1.15.0-x86_64-linux)\n"
                "      racc (~> 1.4)\n    racc (1.7)\n"
            ),
            [("RubyGems", "nokogiri", "1.15.0"), ("RubyGems", "racc", "1.7")],
        ),
        (
            "go.sum",
            "github.com/a/b v1.2.3 h1:x=\ngithub.com/a/b v1.2.3/go.mod h1:y=\n",
            [("Go", "github.com/a/b", "1.2.3")],
        ),
    ],
)
def test_lock_files_are_read(name: str, written: str, found: list[tuple[str, str, str]]) -> None:
    assert [(each.ecosystem, each.name, each.version) for each in read_lock(name, written)] == found


def test_a_requirement_without_its_version_is_not_passed_over() -> None:
    with pytest.raises(Unpinned, match="django>=4"):
        list(read_lock("requirements.txt", "httpx==0.28\ndjango>=4\n"))


@pytest.mark.parametrize(
    "line",
    [
        "-r base.txt",
        "-rbase.txt",
        "--requirement=base.txt",
        "-e .",
        "--editable ./own",
        "git+https://git.example/lib.git",
        "https://files.example/lib-1.0-py3-none-any.whl",
        "./lib-1.0.tar.gz",
        "lib (==1.0)",
    ],
)
def test_what_else_is_installed_by_requirements_is_not_passed_over(line: str) -> None:
    with pytest.raises(Unpinned) as refused:
        list(read_lock("requirements.txt", f"httpx==0.28\n{line}\n"))

    assert str(refused.value) == line


def test_a_token_in_a_requirement_is_not_repeated() -> None:
    with pytest.raises(Unpinned) as refused:
        list(read_lock("requirements.txt", "lib @ git+https://me:hunter2@git.example/lib.git"))

    assert str(refused.value) == "lib @ git+https://git.example/lib.git"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("yarn.lock", ""),
        ("package-lock.json", "{"),
        ("package-lock.json", '{"packages": []}'),
        ("package-lock.json", '{"packages": {"node_modules/a": {}}}'),
        ("uv.lock", "[package"),
        ("uv.lock", "package = 5"),
        ("composer.lock", '{"packages": {"a": 1}}'),
        ("Gemfile.lock", "nothing"),
    ],
)
def test_anything_else_is_no_lock_file(name: str, written: str) -> None:
    with pytest.raises(NotALock):
        list(read_lock(name, written))


def _cyclonedx(*components: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "components": components, **more}).encode()


def test_a_bill_of_cyclonedx_is_read_with_what_is_within() -> None:
    bill = _cyclonedx(
        {"purl": "pkg:pypi/Django@4.2", "components": [{"purl": "pkg:npm/%40babel/core@7.0.0"}]},
        {"name": "firmware"},
        {"purl": "pkg:generic/thing@1"},
        metadata={"timestamp": "2026-11-20T00:00:00Z"},
    )

    packages, unknown, made_at = read_bill(bill)

    assert packages == (Package("PyPI", "django", "4.2"), Package("npm", "@babel/core", "7.0.0"))
    assert unknown == ("pkg:generic/thing@1",)
    assert made_at is not None
    assert made_at.isoformat() == "2026-11-20T00:00:00+00:00"


def test_a_bill_of_spdx_is_read() -> None:
    reference = {"referenceType": "purl", "referenceLocator": "pkg:golang/github.com/a/b@v1.2.3"}
    bill = json.dumps({"spdxVersion": "SPDX-2.3", "packages": [{"externalRefs": [reference, 5]}, 7]}).encode()

    assert read_bill(bill) == ((Package("Go", "github.com/a/b", "1.2.3"),), (), None)


def test_software_without_a_package_url_is_not_passed_over() -> None:
    components: list[dict[str, Any]] = [
        {"type": "library", "name": "libssl", "version": "3.0"},
        {"type": "file", "name": "/etc/motd"},
        {"type": "framework", "name": "rails", "components": [{"type": "library", "name": "zlib"}]},
    ]
    spdx = {
        "spdxVersion": "SPDX-2.3",
        "documentDescribes": ["SPDXRef-image"],
        "relationships": [{"relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-other"}],
        "packages": [
            {"SPDXID": "SPDXRef-image", "name": "shop"},
            {"SPDXID": "SPDXRef-other", "name": "shop-too"},
            {"SPDXID": "SPDXRef-1", "name": "busybox", "versionInfo": "1.36", "externalRefs": "none"},
        ],
    }

    assert read_bill(_cyclonedx(*components))[1] == ("libssl 3.0", "rails", "zlib")
    assert read_bill(json.dumps(spdx).encode())[1] == ("busybox 1.36",)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (
            "pkg:deb/debian/libcurl4@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12&upstream=curl",
            Package("Debian:12", "curl", "7.88.1-10+deb12u5", "libcurl4"),
        ),
        (
            "pkg:deb/debian/bash@5.2.15-2%2Bb2?distro=debian-12.5&upstream=bash%405.2.15-2",
            Package("Debian:12", "bash", "5.2.15-2"),
        ),
        (
            "pkg:rpm/almalinux/openssl@3.0.7-24.el9?distro=almalinux-9.3&epoch=1",
            Package("AlmaLinux:9", "openssl", "1:3.0.7-24.el9"),
        ),
        ("pkg:apk/alpine/musl@1.2?distro=alpine-3.19.1", Package("Alpine:v3.19", "musl", "1.2")),
        ("pkg:maven/org.apache/commons@1.0", Package("Maven", "org.apache:commons", "1.0")),
        ("pkg:deb/debian/curl@7", None),
        ("pkg:pypi/django", None),
        ("nonsense", None),
    ],
)  # fmt: skip
def test_a_package_url_names_a_package_as_advisories_do(url: str, found: Package | None) -> None:
    assert package_of(url) == found


def _deep(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"purl": "pkg:pypi/a@1"}
    for _ in range(depth):
        found = {"components": [found]}
    return found


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"[]",
        b'{"a": 1}',
        b"\xff",
        _cyclonedx(_deep(40)),
        _cyclonedx(*({"purl": f"pkg:pypi/a{n}@1"} for n in range(200_001))),
    ],
    ids=["empty", "list", "other", "bytes", "deep", "large"],
)
def test_anything_else_is_no_bill(written: bytes) -> None:
    with pytest.raises(NotABill):
        read_bill(written)
