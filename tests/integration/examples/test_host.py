"""The demo's host: real apt below a folder of its own, with fixes to install, behind SSH."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ports import free_port

from toban.chapters.patching.bindings import PatchGroupBinding
from toban.chapters.patching.hosts.looking import PatchGroup, plan_all
from toban.chapters.patching.managers.apt import KIND
from toban.chapters.patching.upgrade import Upgrade
from toban.engine.supervision.home import Home
from toban.faces.cli.supervision import webshop

pytestmark = pytest.mark.skipif(
    shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None, reason="needs apt"
)


@pytest.fixture
def group(tmp_path: Path) -> Iterator[PatchGroup]:
    """The host as the demo runs it, and as its bindings name it."""
    ports = {name: free_port() for name in webshop.PORTS}
    shop = webshop.open_webshop(Home(tmp_path, -1), ports, "127.0.0.1:8300")
    (program,) = (each for each in webshop.programs(shop) if each.name == "shop-host")
    process = subprocess.Popen([sys.executable, *program.command[1:]], cwd=program.directory)
    place = shop.place / "host"
    config = PatchGroupBinding.model_validate(
        {
            "hosts": ["127.0.0.1"],
            "port": ports["host"],
            "user": "shop",
            "key": f"file:{place / 'login'}",
            "known_hosts": str(place / "known_hosts"),
            "become": [],
        },
        context={"base": place},
    )
    for _ in range(300):
        if (place / "root/boot-id").exists():
            break
        time.sleep(0.1)
    time.sleep(0.5)
    yield PatchGroup("host", config, KIND)
    process.terminate()
    process.wait(timeout=10)


def test_the_demos_host_has_fixes_to_install(group: PatchGroup) -> None:
    (plan,) = plan_all([group], lambda _host, _installs: None, lambda _host: None).hosts

    assert not plan.trouble
    assert plan.upgrades == (Upgrade("shop-httpd", "1.0", "1.1"), Upgrade("shop-tls", "1.0", "1.1"))
