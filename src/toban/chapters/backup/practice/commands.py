"""The commands of a procedure, read as steps that can be compared with what Toban does. Pure."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import dropwhile
from pathlib import PurePosixPath

UNTOLD = "…"
"""What stands for a part of a command that only its shell knows: `$(date +%Y)`, `${BUCKET}`."""


class StepKind(StrEnum):
    """What a command does, as far as Toban can do the same."""

    TAKE = "take"
    COMPRESS = "compress"
    STORE = "store"
    CHECK = "check"
    PRUNE = "prune"
    FETCH = "fetch"
    INFLATE = "inflate"
    CLEAR = "clear"
    """It makes an empty database to restore into."""
    LOAD = "load"
    OWN = "own"
    """It is one of Toban's own commands."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ProcedureStep:
    """One command of a procedure."""

    kind: StepKind
    command: str
    """As the document writes it."""
    what: str = ""
    """The program that takes or loads, the method of compression, or the address of the place."""
    form: str = ""
    """The format of a dump: `plain`, `custom`, `directory`, `tar`."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A program with its arguments."""

    words: Sequence[str]
    written_to: str
    """The file that its output goes to; empty for none."""
    read_from: str
    is_restore: bool

    @property
    def arguments(self) -> Sequence[str]:
        return [word for word in self.words[1:] if not word.startswith("-")]

    def says(self, *words: str) -> bool:
        return any(word in self.words for word in words)

    def option(self, letter: str, name: str) -> str:
        """Return the value of `-F c`, `-Fc`, `--format=c` or `--format c`; empty if it is not there."""
        for at, word in enumerate(self.words):
            if word in {f"-{letter}", f"--{name}"}:
                return self.words[at + 1] if at + 1 < len(self.words) else ""
            if word.startswith(f"--{name}="):
                return word.partition("=")[2]
            if word.startswith(f"-{letter}") and len(word) > len(letter) + 1:
                return word[len(letter) + 1 :]
        return ""


type _Found = Sequence[tuple[StepKind, str, str]] | None
"""Kinds with `what` and `form`; None if the command is not understood."""

_SUBSTITUTION = re.compile(r"\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`|\$\{[^}]*\}|\$\w+")
_PART = re.compile(r"""(?:\d?>&\d?|&>|\$\((?:[^()]|\([^()]*\))*\)|'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^|;&])+""")
_OUTPUT = re.compile(r"[1&]?>>?(?P<file>.*)")
_OTHER_OUTPUT = re.compile(r"[02-9]>>?(?:.*)|\d?>&\d?")
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)
_KEYWORDS = frozenset(("if", "then", "else", "elif", "do", "while", "until", "!", "{", "("))
"""They stand before a command."""
# fmt: off
_SILENT = frozenset((
    "set", "cd", "mkdir", "export", "echo", "printf", "date", "fi", "for", "done", "exit", "trap", "sleep",
    "chmod", "chown", "ls", "cat", "tee", "rm", "xargs", "local", "source", "true", "umask", "test", "[",
    "[[", "read", "unset", "return", ":", ".", "}", ")",
))
"""They move nothing of the backup itself."""
_WRAPPERS = frozenset((
    "sudo", "env", "time", "nice", "ionice", "nohup", "exec", "command", "timeout", "docker",
    "docker-compose", "podman", "kubectl", "oc", "ssh", "su", "sh", "bash", "runuser",
))
# fmt: on
_FORMATS = {"c": "custom", "d": "directory", "p": "plain", "t": "tar"}


def steps_of(commands: Sequence[str], *, is_restore: bool) -> tuple[ProcedureStep, ...]:
    """Return the steps of a procedure in order, without those that move nothing of the backup."""
    found = [step for line in commands for step in _read(line, is_restore)]
    return tuple(step for step in found if not _is_under_way(step, found))


def _is_under_way(step: ProcedureStep, found: Sequence[ProcedureStep]) -> bool:
    """Whether *step* is a file on its way: the procedure stores it elsewhere later, or fetched it before."""
    if step.kind not in {StepKind.STORE, StepKind.FETCH} or "://" in step.what:
        return False
    places = [each for each in found if each.kind is step.kind]
    if any("://" in each.what for each in places):
        return True
    return step is not (places[-1] if step.kind is StepKind.STORE else places[0])


def _read(line: str, is_restore: bool) -> Iterator[ProcedureStep]:
    for part in _PART.findall(line):
        yield from _read_part(part.strip(), is_restore)


def _read_part(part: str, is_restore: bool) -> Iterator[ProcedureStep]:
    try:
        words = shlex.split(_SUBSTITUTION.sub(UNTOLD, part))
    except ValueError:
        yield ProcedureStep(StepKind.UNKNOWN, part)
        return
    words, written_to, read_from = _redirected(words)
    called, script = _unwrapped(words)
    if script:
        yield from _read(script, is_restore)
        return
    name = PurePosixPath(called[0]).name if called else ""
    if not called or name in _SILENT:
        return
    reader = _READERS.get(name)
    call = _Call((name, *called[1:]), written_to, read_from, is_restore)
    found = reader(call) if reader is not None else None
    if found is None:
        yield ProcedureStep(StepKind.UNKNOWN, part)
        return
    yield from (ProcedureStep(kind, part, what, form) for kind, what, form in (*found, *_files(call)))


def _redirected(words: Sequence[str]) -> tuple[list[str], str, str]:
    """Return *words* without redirections, and the files that they write and read."""
    rest: list[str] = []
    files = {">": "", "<": ""}
    waiting = ""
    for word in words:
        output = _OUTPUT.fullmatch(word)
        if waiting:
            files[waiting], waiting = word, ""
        elif _OTHER_OUTPUT.fullmatch(word):
            continue
        elif output is not None or word.startswith("<"):
            way, file = (">", output["file"]) if output is not None else ("<", word.lstrip("<"))
            files[way], waiting = file, "" if file else way
        else:
            rest.append(word)
    return rest, files[">"], files["<"]


def _unwrapped(words: Sequence[str]) -> tuple[Sequence[str], str]:
    """Return what is really called: without assignments and `sudo -u postgres`, or the script of `sh -c`."""
    called = list(dropwhile(lambda word: word in _KEYWORDS or _ASSIGNMENT.fullmatch(word), words))
    if not called or PurePosixPath(called[0]).name not in _WRAPPERS:
        return called, ""
    for place, word in enumerate(called[1:], start=1):
        if " " in word and any(each in _READERS for each in word.split()):
            return (), word
        if PurePosixPath(word).name in _READERS:
            return called[place:], ""
    return called, ""


def _files(call: _Call) -> Iterator[tuple[StepKind, str, str]]:
    """Yield the files that a command writes or reads, where the document says where they are."""
    if call.written_to.startswith("/") and not call.is_restore and not call.written_to.startswith("/dev/"):
        yield StepKind.STORE, call.written_to, ""
    if call.read_from.startswith("/") and call.is_restore:
        yield StepKind.FETCH, call.read_from, ""


def _pg_dump(call: _Call) -> _Found:
    said = call.option("F", "format") or "plain"
    packed = call.option("Z", "compress")
    file = call.option("f", "file")
    return (
        (StepKind.TAKE, call.words[0], _FORMATS.get(said, said)),
        *([(StepKind.COMPRESS, _method(packed), "")] if packed not in {"", "0", "none"} else []),
        *([(StepKind.STORE, file, "")] if file.startswith("/") else []),
    )


def _method(said: str) -> str:
    """Return the method that `--compress=zstd:3` names; a bare level is one of gzip."""
    name = said.partition(":")[0]
    return "gzip" if name.isdecimal() else name


def _pg_basebackup(call: _Call) -> _Found:
    packed = "gzip" if call.says("-z", "--gzip") else _method(call.option("Z", "compress"))
    folder = call.option("D", "pgdata")
    return (
        (StepKind.TAKE, "pg_basebackup", ""),
        *([(StepKind.COMPRESS, packed, "")] if packed not in {"", "none"} else []),
        *([(StepKind.STORE, folder, "")] if folder.startswith("/") else []),
    )


def _pgbackrest(call: _Call) -> _Found:
    for word, kind in (
        ("backup", StepKind.TAKE),
        ("restore", StepKind.LOAD),
        ("expire", StepKind.PRUNE),
        ("check", StepKind.CHECK),
        ("verify", StepKind.CHECK),
        ("info", StepKind.CHECK),
    ):
        if word in call.arguments:
            return ((kind, "pgbackrest", ""),)
    return None


def _packs(method: str) -> Callable[[_Call], _Found]:
    def read(call: _Call) -> _Found:
        letters = {letter for word in call.words[1:] if re.fullmatch(r"-\w+", word) for letter in word}
        if "t" in letters or call.says("--test"):
            return ((StepKind.CHECK, "", ""),)
        if "d" in letters or call.says("--decompress"):
            return ((StepKind.INFLATE, method, ""),)
        return ((StepKind.COMPRESS, method, ""),)

    return read


def _one(kind: StepKind, what: str = "") -> Callable[[_Call], _Found]:
    return lambda _call: ((kind, what, ""),)


def _aws(call: _Call) -> _Found:
    services = [at for at, word in enumerate(call.words) if word in {"s3", "s3api", "rds"}]
    if not services:
        return None
    match [word for word in call.words[services[0] :] if not word.startswith("-")]:
        case ["s3", "cp" | "sync" | "mv", source, target, *_]:
            return _copied(source, target, call)
        case ["s3", "rm", *_]:
            return ((StepKind.PRUNE, "", ""),)
        case ["s3", "ls", *_] | ["s3api", "head-object", *_] | ["rds", "wait" | "describe-db-snapshots", *_]:
            return ((StepKind.CHECK, "", ""),)
        case ["rds", "create-db-snapshot" as what, *_]:
            return ((StepKind.TAKE, f"rds {what}", ""),)
        case ["rds", "restore-db-instance-from-db-snapshot" | "restore-db-instance-to-point-in-time", *_]:
            return ((StepKind.LOAD, "rds restore-db-instance", ""),)
        case _:
            return None


def _cloud_copy(call: _Call) -> _Found:
    return _copy(call) if call.says("cp", "rsync", "copy") else None


def _copy(call: _Call) -> _Found:
    match call.arguments:
        case [*_, source, target]:
            return _copied(source, target, call)
        case _:
            return None


def _copied(source: str, target: str, call: _Call) -> _Found:
    """Read a copy: to or from the only one of the two that is an address; of two files, by the procedure."""
    is_fetched = call.is_restore if ("://" in source) == ("://" in target) else "://" in source
    return ((StepKind.FETCH, source, ""),) if is_fetched else ((StepKind.STORE, target, ""),)


def _psql(call: _Call) -> _Found:
    said = call.option("c", "command").strip().casefold()
    if said.startswith("select"):
        return ((StepKind.CHECK, "", ""),)
    if said.startswith(("create database", "drop database")):
        return ((StepKind.CLEAR, "", ""),)
    if said or not call.is_restore:
        return None
    file = call.option("f", "file")
    fetched = [(StepKind.FETCH, file, "")] if file.startswith("/") else []
    return (*fetched, (StepKind.LOAD, "psql", ""))


def _pg_restore(call: _Call) -> _Found:
    if call.says("-l", "--list"):
        return ((StepKind.CHECK, "", ""),)
    fetched = [(StepKind.FETCH, word, "") for word in call.arguments[-1:] if word.startswith("/")]
    return (*fetched, (StepKind.LOAD, "pg_restore", ""))


def _tar(call: _Call) -> _Found:
    flags = call.words[1] if len(call.words) > 1 else ""
    return ((StepKind.LOAD, "tar", ""),) if "x" in flags or call.says("--extract") else None


def _find(call: _Call) -> _Found:
    # `-mtime +30` looks for what is older than 30 days.
    is_pruning = call.says("-delete", "rm") or any(re.fullmatch(r"\+\d+", word) for word in call.words)
    return ((StepKind.PRUNE if is_pruning else StepKind.CHECK, "", ""),)


_READERS: dict[str, Callable[[_Call], _Found]] = {
    "pg_dump": _pg_dump,
    "pg_dumpall": _pg_dump,
    "pg_basebackup": _pg_basebackup,
    "pgbackrest": _pgbackrest,
    "gzip": _packs("gzip"),
    "pigz": _packs("gzip"),
    "zstd": _packs("zstd"),
    "bzip2": _packs("bzip2"),
    "xz": _packs("xz"),
    "lz4": _packs("lz4"),
    "gunzip": _one(StepKind.INFLATE, "gzip"),
    "zcat": _one(StepKind.INFLATE, "gzip"),
    "unpigz": _one(StepKind.INFLATE, "gzip"),
    "unzstd": _one(StepKind.INFLATE, "zstd"),
    "zstdcat": _one(StepKind.INFLATE, "zstd"),
    "bunzip2": _one(StepKind.INFLATE, "bzip2"),
    "unxz": _one(StepKind.INFLATE, "xz"),
    "aws": _aws,
    "gsutil": _cloud_copy,
    "gcloud": _cloud_copy,
    "azcopy": _cloud_copy,
    "cp": _copy,
    "mv": _copy,
    "scp": _copy,
    "rsync": _copy,
    "psql": _psql,
    "pg_restore": _pg_restore,
    "createdb": _one(StepKind.CLEAR),
    "dropdb": _one(StepKind.CLEAR),
    "tar": _tar,
    "pg_combinebackup": _one(StepKind.LOAD, "pg_combinebackup"),
    "pg_verifybackup": _one(StepKind.CHECK),
    "sha256sum": _one(StepKind.CHECK),
    "shasum": _one(StepKind.CHECK),
    "md5sum": _one(StepKind.CHECK),
    "find": _find,
    "toban": _one(StepKind.OWN),
}
