"""A real Git repository with the document's files, and keys to sign with."""

import os
import shutil
import subprocess
from pathlib import Path

GIT, KEYGEN = (shutil.which(name) or name for name in ("git", "ssh-keygen"))
WHEN = "2026-11-24T12:30:00+00:00"


class WorkTree:
    """A repository whose commits have fixed times."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, when: str = WHEN, by: str = "mira@example.com") -> str:
        name = by.partition("@")[0]
        environment = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_NAME": name for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": by for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_DATE": when for who in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            [GIT, *arguments], cwd=self.root, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, key: Path | None = None, *, when: str = WHEN, by: str = "mira@example.com") -> str:
        self.git("add", ".")
        sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}") if key is not None else ()
        self.git(*sign, "commit", "-q", "-m", "edit", *(["-S"] if key is not None else []), when=when, by=by)
        return self.git("rev-parse", "HEAD")


def ssh_key(place: Path) -> Path:
    subprocess.run((KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f", str(place)), check=True)
    return place


def signer(key: Path, who: str = "mira@example.com") -> str:
    return f"{who} {key.with_suffix('.pub').read_text().strip()}"
