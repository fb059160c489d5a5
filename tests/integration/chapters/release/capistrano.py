"""Debian's Capistrano 3.19, unpacked by `./check --slow` or installed, with a small repository to deploy."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.integration.remote_host import RemoteHost

_UNPACKED = Path(__file__).parents[4] / ".boot" / "debian" / "usr"
_RUBY = Path("lib/ruby/vendor_ruby")
_LIBRARIES = Path("lib/x86_64-linux-gnu")
CAPFILE = """
require "capistrano/setup"
require "capistrano/deploy"
require "capistrano/scm/git"
install_plugin Capistrano::SCM::Git
"""
DEPLOY = """
set :application, "shop"
set :repo_url, "file://{repository}"
set :branch, ENV["RELEASE_COMMIT"] || "main"
set :deploy_to, "{path}"
set :tmp_dir, "{path}"
set :keep_releases, 5
set :ssh_options, keys: ["{key}"], port: {port}, auth_methods: ["publickey"], config: false,
    verify_host_key: :never, keys_only: true
{servers}
"""


@dataclass
class Capistrano:
    """A team's folder, whose Capistrano deploys the repository to *hosts*."""

    folder: Path
    hosts: Sequence[RemoteHost]
    path: str
    """Where the shop lies on each host."""
    command: Sequence[str] = field(init=False)
    environment: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.command, self.environment = _program()
        self.repository.mkdir(parents=True)
        # The account of the hosts reads it.
        for each in (self.folder, self.repository):
            each.chmod(0o755)
        self.git("init", "--quiet", "--initial-branch=main")
        for host in self.hosts:
            # git refuses a repository of another user.
            (host.home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
        (self.folder / "key").write_bytes(self.hosts[0].key.read_bytes())
        (self.folder / "key").chmod(0o600)
        servers = "\n".join(
            f'server "{each.name}", user: "{each.user}", roles: ["app"]' for each in self.hosts
        )
        settings = DEPLOY.format(
            repository=self.repository,
            path=self.path,
            key=self.folder / "key",
            port=self.hosts[0].port,
            servers=servers,
        )
        for name, content in {
            "Capfile": CAPFILE,
            "config/deploy.rb": "",
            "config/deploy/production.rb": settings,
        }.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def commit(self, label: str) -> str:
        """Commit the version *label* and return its hash."""
        (self.repository / "version").write_text(f"{label}\n")
        self.git("add", "version")
        self.git("commit", "--quiet", "--message", label)
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments: str) -> str:
        git = shutil.which("git") or "git"
        named = ["-c", "user.name=Mio", "-c", "user.email=mio@example.com"]
        done = subprocess.run(
            [git, *named, *arguments], cwd=self.repository, check=True, capture_output=True, text=True
        )
        return done.stdout

    def run(self, task: str, **variables: str) -> str:
        """Run a task to its end and return what it writes."""
        done = subprocess.run(
            [*self.command, "production", task],
            cwd=self.folder,
            env={**os.environ, **self.environment, **variables},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _program() -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the command of Capistrano, and what Ruby needs to find it."""
    if installed := shutil.which("cap", path="/usr/bin"):
        return [installed], {}
    if not (_UNPACKED / "bin/cap").exists():
        pytest.skip("needs Capistrano (./check --slow, or Debian: apt-get install capistrano)")
    libraries = _UNPACKED / _LIBRARIES
    gems = [_UNPACKED / "share/rubygems-integration/all", libraries / "rubygems-integration/3.3.0"]
    ruby = [
        _UNPACKED / "lib/ruby/vendor_ruby",
        _UNPACKED / "lib/ruby/3.3.0",
        libraries / "ruby/3.3.0",
        libraries / "ruby/vendor_ruby/3.3.0",
    ]
    return [str(_UNPACKED / "bin/ruby3.3"), str(_UNPACKED / "bin/cap")], {
        "LD_LIBRARY_PATH": str(libraries),
        "GEM_PATH": ":".join(map(str, gems)),
        "RUBYLIB": ":".join(map(str, ruby)),
    }
