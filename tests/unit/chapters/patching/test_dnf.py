"""What dnf and rpm print, as dnf 4.23 and rpm 4.20 printed it for packages of a made-up repository."""

import pytest

from toban.chapters.patching.manager import AnswerUnreadable
from toban.chapters.patching.managers.dnf import Dnf
from toban.chapters.patching.upgrade import Upgrade, choose, restarts_host, why_not

DNF = Dnf()
LOOK = """
@@ update
Failed loading plugin "system_upgrade": No module named 'systemd'

@@ update 0

@@ newer

curl.noarch                            1:7.76.3-1.el9                      two
tzdata.noarch                          2025-1.el9                          base
Obsoleting Packages
curl.noarch                            1:7.76.3-1.el9                      two
    tzdata.noarch                      2024-1.el9                          @base

@@ newer 100

@@ security

curl.noarch                            1:7.76.3-1.el9                      two

@@ security 100

@@ updateinfo
with two
without base
with base
without extras-testing

@@ unlocked

curl.noarch                            1:7.76.3-1.el9                      two
openssl.noarch                         3.0.8-1.el9                          base
tzdata.noarch                          2025-1.el9                          base

@@ held
openssl-0:3.0.7-1.el9.*

@@ unfinished

@@ installed
tzdata:noarch 2024-1.el9
openssl:noarch 3.0.7-1.el9
curl:noarch 0:7.76.1-1.el9

@@ reboot
No core libraries or services have been updated since boot-up.
Reboot should not be necessary.

@@ restarts

@@ boot
fbbb5b8b-2b5e-49d5-87d1-45ca990cbd51 24
"""
TABLE = """
@@ upgrade
Failed loading plugin "system_upgrade": No module named 'systemd'
two                                             366 kB/s | 743  B     00:00
Dependencies resolved.
===========================================================================================
 Package                                   Arch    Version                       Repo
                                                                                       Size
===========================================================================================
Upgrading:
 curl                                      noarch  1:7.76.3-1.el9                two  5.5 k
     replacing  tzdata.noarch 2024-1.el9
Installing dependencies:
 curl-a-helper-with-a-rather-long-name     noarch  1.0-1.el9_5.20261101gitabcdef two  5.5 k

Transaction Summary
===========================================================================================
Install  1 Package
Upgrade  1 Package

Total size: 11 k
Operation aborted.

@@ installed
curl:noarch 7.76.1-1.el9

@@ services
"""
CURL = Upgrade("curl:noarch", "7.76.1-1.el9", "1:7.76.3-1.el9")


def test_available_upgrades_are_read_with_what_they_replace_and_what_is_locked() -> None:
    seen = DNF.read_look(LOOK)

    assert seen.available == (
        CURL,
        Upgrade("tzdata:noarch", "2024-1.el9", "2025-1.el9", is_security=False),
    )
    assert seen.held == ("openssl",)
    assert seen.kept_back == (Upgrade("openssl:noarch", "3.0.7-1.el9", "3.0.8-1.el9"),)
    assert not seen.needs_reboot
    assert seen.boot == "fbbb5b8b-2b5e-49d5-87d1-45ca990cbd51 24"
    assert choose(seen, (), only_security=True).wanted == (CURL,)
    assert choose(seen, ("curl",), only_security=True).wanted == ()


def test_a_repository_without_advisories_is_named_if_it_has_anything_newer() -> None:
    # What was fetched last counts; the repository of what stands below is known by its address alone.
    assert DNF.read_look(LOOK).unrated == ("base",)
    assert DNF.read_look(LOOK.replace("without base\n", "")).unrated == ()
    assert DNF.read_look(LOOK.replace("without base\nwith base\n", "")).unrated == ("base",)
    assert DNF.read_look(LOOK.replace("with two\n", "")).unrated == ("base",)


def test_a_needed_restart_is_read() -> None:
    said = "Core libraries or services have been updated since boot-up:\n  * kernel\n\nReboot is required"

    assert DNF.read_look(LOOK.replace("Reboot should not be necessary.", said)).needs_reboot


def test_what_is_said_about_the_running_kernel_is_no_package() -> None:
    said = """Security: kernel-core-5.14.0-503.el9.x86_64 is an installed security update
Security: kernel-core-5.14.0-427.el9.x86_64 is the currently running version
"""
    written = LOOK.replace("@@ newer\n", f"@@ newer\n{said}").replace("@@ security\n", f"@@ security\n{said}")

    assert DNF.read_look(written) == DNF.read_look(LOOK)


def test_a_repository_that_can_not_be_reached_is_not_passed_over() -> None:
    refreshing, from_cache = (DNF.look("", refreshes=each) for each in (True, False))

    assert "dnf -q '--setopt=*.skip_if_unavailable=0' makecache --refresh" in refreshing
    assert "skip_if_unavailable" not in from_cache


def test_a_list_that_could_not_be_fetched_is_no_list() -> None:
    written = LOOK.replace("@@ update 0", "Error: Failed to download metadata for repo 'base'\n@@ update 1")

    with pytest.raises(AnswerUnreadable, match="Failed to download"):
        DNF.read_look(written)


def test_a_table_says_what_is_new_and_what_is_replaced() -> None:
    simulated = DNF.read_simulation(TABLE)

    assert simulated.upgrades == (
        CURL,
        Upgrade("curl-a-helper-with-a-rather-long-name:noarch", "", "1.0-1.el9_5.20261101gitabcdef"),
    )
    assert simulated.removed == ("tzdata.noarch",)
    choice = choose(DNF.read_look(LOOK), (), only_security=True)
    assert why_not(simulated, choice, ()).code == "patching.would-remove"


def test_a_row_that_has_no_room_for_its_size_is_one_row() -> None:
    written = TABLE.replace(
        "noarch  1.0-1.el9_5.20261101gitabcdef two  5.5 k", "noarch\n 1.0-1.el9_5.20261101gitabcdef\n two 18"
    )

    assert DNF.read_simulation(written) == DNF.read_simulation(TABLE)


def test_what_is_not_there_is_said() -> None:
    written = """@@ upgrade
No match for argument: curl-9.9-1.el9.noarch
Error: No packages marked for upgrade.
"""

    with pytest.raises(AnswerUnreadable, match="No packages marked"):
        DNF.read_simulation(written)


def test_exactly_the_planned_versions_are_ordered_and_looked_for() -> None:
    assert "upgrade curl-1:7.76.3-1.el9.noarch\n" in DNF.apply("sudo -n ", [CURL])
    assert "curl-1:7.76.3-1.el9.noarch" in DNF.installed([CURL])
    written = """@@ installed
curl:noarch 1:7.76.3-1.el9
package openssl-3.0.8-1.el9.noarch is not installed

@@ installed asked
"""
    assert DNF.read_installed(written) == {"curl:noarch": "1:7.76.3-1.el9"}
    with pytest.raises(AnswerUnreadable):
        DNF.read_installed("")


def test_kernels_are_known_by_their_names() -> None:
    assert restarts_host([Upgrade("kernel:x86_64", "", "5.14.0-503.el9")])
    assert not restarts_host([Upgrade("kernel-headers:x86_64", "", "5.14.0-503.el9")])
