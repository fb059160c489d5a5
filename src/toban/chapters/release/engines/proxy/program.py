"""A short command of a proxy, of systemd or of a container engine: an argument list, its exit checked."""

import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from toban.chapters.release.engine import DeployFailed
from toban.engine.runs.commands.command import surroundings
from toban.message import Message, plain

_MOST_WORDS = 2000
_NO_ENVIRONMENT: Mapping[str, str] = {}


def call(
    arguments: Sequence[str],
    *,
    within: float = 60.0,
    environment: Mapping[str, str] = _NO_ENVIRONMENT,
    folder: Path | None = None,
    secrets: Collection[str] = (),
    inherited: Collection[int] = (),
    called: str = "",
) -> str:
    """Run to the end and return what it writes, or raise `DeployFailed` with the end of what it says.

    *secrets* are masked in that. *inherited* are descriptors that it gets. *called* is the name that
    operators know it by.
    """
    name = called or arguments[0]
    try:
        ended = subprocess.run(
            list(arguments),
            cwd=folder,
            env={**surroundings(), **environment},
            pass_fds=tuple(inherited),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=within,
            check=False,
        )
    except OSError as error:
        said = Message("release-proxy.program-not-runnable", program=name, why=error.strerror)
        raise DeployFailed(said) from error
    except subprocess.TimeoutExpired as error:
        said = Message("release-proxy.program-silent", program=name, seconds=round(within))
        raise DeployFailed(said, retry=True) from error
    if ended.returncode != 0:
        words = (ended.stderr or ended.stdout).decode("utf-8", "replace").strip()[-_MOST_WORDS:]
        for secret in secrets:
            words = words.replace(secret, "…")
        raise DeployFailed(
            Message(
                "release-proxy.program-failed",
                program=name,
                status=ended.returncode,
                said=plain(words) or Message("release-proxy.said-nothing"),
            ),
            retry=True,
        )
    return ended.stdout.decode("utf-8", "replace")
