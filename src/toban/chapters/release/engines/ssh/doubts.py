"""What would keep the hosts from taking a version now: asked for `toban check --live`, changes nothing."""

from collections.abc import Iterator

from toban.chapters.release.engine import DeploySite
from toban.chapters.release.engines.ssh import scripts
from toban.chapters.release.engines.ssh.config import SshDeployment
from toban.chapters.release.engines.ssh.faults import checked
from toban.chapters.release.engines.ssh.link import Answer, Fleet, HostLink
from toban.chapters.release.engines.ssh.switching import address_of
from toban.chapters.release.running.health import why_unhealthy
from toban.engine.trial import Doubt
from toban.message import Message

_LITTLE = 1 << 20
"""KiB: less than that is little for a version."""


def troubles(config: SshDeployment, _site: DeploySite) -> Iterator[Doubt]:
    """Log in to each host, and yield what is missing there, closed or full, and who is not healthy."""
    programs = [command[0] for command in (config.restart, config.migrate) if command]
    script = scripts.look(config.path, programs)

    async def look(link: HostLink) -> Answer:
        return checked(await link.run(script))

    with Fleet({name: config.way(name) for name in config.hosts}, {}) as fleet:
        answers, failed = fleet.each(config.hosts, look)
    for name, error in failed.items():
        said = Message("runs.on-host", host=name, said=error.said)
        yield (said, error.hint) if error.hint else said
    for name, answer in answers.items():
        yield from _on_host(name, answer)
        asks = config.health is not None and config.health.url and answer.after("serves") is not None
        if asks and config.health and (why := why_unhealthy(config.health, address_of(name))):
            yield (Message("runs.on-host", host=name, said=why), Message("release-ssh.check-health-url"))


def _on_host(name: str, answer: Answer) -> Iterator[Doubt]:
    for program in answer.each("lacks"):
        said = Message("release-ssh.lacks-program", host=name, program=program)
        yield (said, Message("release-ssh.place-the-program"))
    for folder in answer.each("closed"):
        said = Message("release-ssh.not-writable", host=name, folder=folder)
        yield (said, Message("release-ssh.give-the-folder"))
    if answer.after("no-link") is not None:
        said = Message("runs.on-host", host=name, said=Message("release-ssh.no-link"))
        yield (said, Message("release-ssh.move-it-away"))
    free = answer.after("free") or ""
    if free.isdecimal() and int(free) < _LITTLE:
        said = Message("release-ssh.little-space", host=name, free=f"{int(free) / 1024:,.0f} MiB")
        yield (said, Message("release-ssh.make-room"))
