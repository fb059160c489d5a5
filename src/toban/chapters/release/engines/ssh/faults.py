"""What a script's end means, and what an act says that failed on some hosts."""

from collections import defaultdict
from collections.abc import Mapping

from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.engines.ssh.link import Answer, HostFailed
from toban.chapters.release.engines.ssh.scripts import Fault
from toban.message import NOTHING, Message

_FULL = ("No space left on device", "Disk quota exceeded")
_LONGEST = 500
_MEANINGS: Mapping[int, tuple[Message, Message]] = {
    Fault.FOLDER: (Message("release-ssh.closed-folder"), Message("release-ssh.give-the-folder")),
    Fault.RECEIVE: (Message("release-ssh.not-written"), NOTHING),
    Fault.DIGEST: (Message("release-ssh.arrived-changed"), NOTHING),
    Fault.UNPACK: (Message("release-ssh.not-unpacked"), NOTHING),
    Fault.OCCUPIED: (Message("release-ssh.occupied"), Message("release-ssh.remove-the-folder")),
    Fault.NOT_INSTALLED: (Message("release-ssh.not-there"), NOTHING),
    Fault.SUPERSEDED: (Message("release-ssh.superseded"), NOTHING),
    Fault.NO_LINK: (Message("release-ssh.no-link"), Message("release-ssh.move-it-away")),
    Fault.CHANGED: (Message("release-ssh.changed-by-others"), NOTHING),
}


def checked(answer: Answer) -> Answer:
    """Return *answer* if the script has done its work, or raise `HostFailed`."""
    if answer.status == 0:
        return answer
    said, hint = _meaning(answer)
    words = "\n".join(answer.words).strip()[-_LONGEST:]
    if words:
        said = Message("release-ssh.in-its-words", said=said, words=words)
    raise HostFailed(said, hint, retry=answer.status in {Fault.DIGEST, Fault.SUPERSEDED})


def _meaning(answer: Answer) -> tuple[Message, Message]:
    if any(word in line for word in _FULL for line in answer.words):
        return Message("release-ssh.disk-full"), Message("release-ssh.make-room")
    if answer.status == Fault.SHARED:
        said = Message("release-ssh.no-shared-file", file=answer.after("missing"))
        return said, Message("release-ssh.place-the-file")
    if answer.status == Fault.COMMAND:
        return Message("release-ssh.command-failed", status=answer.after("status")), NOTHING
    return _MEANINGS.get(answer.status) or (
        Message("release-ssh.script-failed", status=answer.status),
        NOTHING,
    )


def on_hosts(why: Mapping[str, Message]) -> tuple[Message, ...]:
    """Return each reason once, with the hosts that it is about."""
    hosts: dict[Message, list[str]] = defaultdict(list)
    for name, said in why.items():
        hosts[said].append(name)
    return tuple(Message("runs.on-host", host=names, said=said) for said, names in hosts.items())


def hint_of(failed: Mapping[str, HostFailed]) -> Message:
    """Return the first way out that is known."""
    return next((error.hint for error in failed.values() if error.hint), NOTHING)


def may_pass(failed: Mapping[str, HostFailed]) -> bool:
    """Return whether none of the failures is one that stays."""
    return all(error.retry for error in failed.values())


def not_installed(failed: Mapping[str, HostFailed], total: int) -> DeployFailed:
    """Return what an installation says that failed on some of *total* hosts."""
    said = Message("release-ssh.not-installed", failed=on_hosts(reasons(failed)), total=total)
    return DeployFailed(said, hint=hint_of(failed), retry=may_pass(failed))


def not_asked(failed: Mapping[str, HostFailed]) -> DeployFailed:
    """Return what a look at the hosts says that failed on some."""
    said = Message("release-ssh.not-asked", failed=on_hosts(reasons(failed)))
    return DeployFailed(said, hint=hint_of(failed), retry=may_pass(failed))


def reasons(failed: Mapping[str, HostFailed]) -> Mapping[str, Message]:
    """Return host → why it failed."""
    return {name: error.said for name, error in failed.items()}
