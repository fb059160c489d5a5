"""Services that run with replaced files, on hosts without needrestart."""

import subprocess
from pathlib import Path

from toban.chapters.patching.hosts.scripts import script
from toban.chapters.patching.managers import maps
from toban.chapters.patching.managers.apt import Apt

_MAP = "7f0000000000-7f0000001000 r-xp 00000000 fe:00 1234       {}\n"


def process(proc: Path, pid: int, mapped: str, cgroup: str) -> None:
    """Put a process into a folder that looks like /proc."""
    place = proc / str(pid)
    place.mkdir(parents=True)
    (place / "maps").write_text(_MAP.format("/usr/bin/x") + _MAP.format(mapped))
    (place / "cgroup").write_text(f"0::{cgroup}\n")
    (place / "cmdline").write_text("x\0y\0")


def looked(proc: Path) -> list[str]:
    said = subprocess.run([*script(maps.look(str(proc)))], capture_output=True, text=True, check=True)
    return said.stdout.splitlines()


def test_services_with_replaced_files_are_named_once(tmp_path: Path) -> None:
    gone = "/usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)"
    process(tmp_path, 10, gone, "/system.slice/nginx.service")
    process(tmp_path, 11, gone, "/system.slice/nginx.service")
    process(tmp_path, 12, "/usr/sbin/cron (deleted)", "/system.slice/system-cron.slice/cron@1.service")
    process(tmp_path, 20, "/usr/lib/x86_64-linux-gnu/libssl.so.3", "/system.slice/well.service")
    process(tmp_path, 21, "/memfd:jit (deleted)", "/system.slice/jit.service")
    process(tmp_path, 22, "/var/lib/x (deleted)", "/system.slice/scratch.service")
    process(tmp_path, 23, gone, "/user.slice/user-1000.slice/session-1.scope")

    lines = looked(tmp_path)

    assert maps.services(lines) == ("cron@1.service", "nginx.service")
    assert maps.is_by_maps(lines)
    assert maps.unseen(lines) == 0


def test_what_could_not_be_looked_at_is_counted_and_what_is_no_program_is_not(tmp_path: Path) -> None:
    for pid, command in ((30, "x"), (31, "")):
        process(tmp_path, pid, "/usr/bin/y", "/")
        (tmp_path / f"{pid}/maps").unlink()
        # Even root can't read it.
        (tmp_path / f"{pid}/maps").mkdir()
        (tmp_path / f"{pid}/cmdline").write_text(command)

    assert maps.unseen(looked(tmp_path)) == 1


def test_a_host_says_by_what_it_was_seen() -> None:
    kept = "@@ upgrade 0\n\n@@ versions 0\n\n@@ restarts\n"

    by_maps = Apt().read_look(f"{kept}BY-MAPS\nSERVICE nginx.service\nUNSEEN 12\n")
    by_needrestart = Apt().read_look(f"{kept}NEEDRESTART-VER: 3.6\nNEEDRESTART-SVC: cron.service\n")

    assert (by_maps.restarts, by_maps.by_maps, by_maps.unseen) == (("nginx.service",), True, 12)
    assert (by_needrestart.restarts, by_needrestart.by_maps) == (("cron.service",), False)
