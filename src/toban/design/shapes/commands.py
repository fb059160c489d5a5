"""Commands that make a backup or restore one, as a procedure's fence has them."""

import re
from collections import Counter
from collections.abc import Sequence

# Commands that make or restore a copy, at the start of a line or inside a command that runs them elsewhere
# (docker exec … pg_dump). A listing of copies (ls /backup, az … backup list) is neither.
_RUN = r"(?:^|[|;&(]\s*|\s(?:-c\s+)?[\"']?)"
_MAKES_BACKUP = re.compile(
    _RUN + r"(?:pg_dump(?:all)?|pg_basebackup|mysqldump|mariadb-dump|mongodump|tar\s+-?\w*c\w*|rsync"
    r"|restic\s+backup|borg\s+create|toban\s+(?:backup|run)"
    r"|barman\s+backup|pgbackrest\b.*\bbackup|velero\s+backup\s+create|bgsave|redis-cli\b.*\b(?:bgsave|--rdb)|gsutil\s+(?:cp|rsync)|azcopy\s+copy"
    r"|copy-item|robocopy|scp\s|cp\s|aws\s+s3\s+(?:cp|sync)|etcdctl\b.*\bsave|[\w./-]*backup[\w-]*\.(?:sh|py|ps1))(?![\w-])"
    r"|\bsnapshot\s+(?:save|create)\b|\bcreate-(?:db-)?(?:cluster-)?(?:snapshot|image|backup)\b|\bbackup\s+(?:create|now|start|database)\b|\bredis\s+export\b",
    re.IGNORECASE | re.ASCII,
)
_RESTORES = re.compile(
    _RUN + r"(?:pg_restore|mongorestore|gunzip|unzip|tar\s+-?\w*x\w*|rsync"
    r"|restic\s+restore|borg\s+extract|toban\s+(?:restore|drill)|pgbackrest\b.*\brestore"
    r"|scp\s|cp\s|copy-item|robocopy|aws\s+s3\s+(?:cp|sync)|gsutil\s+(?:cp|rsync)|azcopy\s+copy|[\w./-]*restore[\w-]*\.(?:sh|py|ps1))(?![\w-])"
    r"|\bsnapshot\s+restore\b|\brestore(?:-db\S*|\s+(?:create|database)|\b.*--\w)|\bimport\s+database\b",
    re.IGNORECASE | re.ASCII,
)
_CLIENT = re.compile(r"\b(?:psql|mysql|mariadb|sqlite3)\b", re.IGNORECASE)
_OF_A_FILE = re.compile(
    r"\|\s*[^|]*\b(?:psql|mysql|mariadb|sqlite3)\b|(?<!<)<\s*[\w./~$\"'{}*-]+(?=\s|$)|\s(?:-f|--file)\b|\\i\s|\bsource\s",
    re.IGNORECASE,
)
"""How a client is given a dump: any other statement (SELECT, UPDATE) restores nothing."""
_LOADS_A_DUMP = re.compile(
    r"\b(?:pg_restore|mongorestore)\b(?!.*\s(?:--list|-l|--dryRun)\b)"
    r"|\b(?:psql|mysql|mariadb|sqlite3)\b[^|<]*<\s*[\w./~$\"']"
)
_MAKES_A_DUMP = re.compile(r"\b(?:pg_dump(?:all)?|mysqldump|mariadb-dump|mongodump)\b")
_PIPES = re.compile(r"\s*(?:\|\|?|&&|;)\s*")
_LOOKS = re.compile(
    r"(?:sudo\s+)?(?:ls|ll|cat|less|tail|head|e?grep|find|stat|file|du|df|ps|pgrep|which|chmod|chown|vim?|nano|echo|printf|mv|rm|test|\["
    r"|sha\w*sum|md5sum|systemctl|crontab|watch|man)\s",
    re.IGNORECASE,
)
_SETTING = re.compile(r"\b\w+_command\s*=", re.IGNORECASE)
"""archive_command = 'cp …': what a server is told to run."""
_CRON = re.compile(
    r"@(?:hourly|daily|midnight|weekly|monthly|yearly|reboot)\s|(?:[\d*][\d*/,-]*\s+){4}[\w*][\w*/,-]*\s"
)


def commands_of(text: str, language: str = "") -> tuple[str, ...]:
    """Return the commands of a script, without comments and empty lines, and with continued lines joined.

    A statement of SQL goes on to its semicolon.
    """
    joined = re.sub(r"\\\n\s*", "", text)
    lines = (line.strip() for line in joined.split("\n"))
    commands = [line for line in lines if line and not line.startswith(("#", "--", "//"))]
    if language.lower() != "sql":
        return tuple(commands)
    return tuple(
        statement.strip() for statement in re.findall(r"[^;]+;?", " ".join(commands)) if statement.strip()
    )


def is_backup(command: str) -> bool:
    return _runs(command, _MAKES_BACKUP) and _FETCHES.search(command) is None


def is_prose(commands: Sequence[str]) -> bool:
    """Say whether a line is no command but a sentence, or a point of a list."""
    return any(_PROSE.match(command) for command in commands)


def is_restore(command: str) -> bool:
    return _runs(command, _RESTORES) or (_runs(command, _CLIENT) and _OF_A_FILE.search(command) is not None)


def loads_a_dump(command: str) -> bool:
    """Say whether *command* gives a dump to a database, whatever else stands beside it."""
    return _LOADS_A_DUMP.search(command) is not None


def makes_a_dump(command: str) -> bool:
    """Say whether *command* writes a database out, which nobody does to restore it."""
    return _MAKES_A_DUMP.search(command) is not None


_RESTORING_SCRIPT = re.compile(r"(?:^|\s)[\w./~$-]*restore[\w-]*\.(?:sh|py|ps1)\b", re.IGNORECASE | re.ASCII)


def runs_a_restore(command: str) -> bool:
    """Say whether *command* runs a script that restores, which nobody does to make a backup."""
    return is_restore(command) and _RESTORING_SCRIPT.search(command) is not None


_PROSE = re.compile(r"(?:\d+[.)]|[-*•])\s+\w|[A-Z][a-z]+ [a-z]+ .*[.:]$")
_FETCHES = re.compile(
    r"\b(?:s3\s+(?:cp|sync)|gsutil\s+(?:-m\s+)?(?:cp|rsync)|azcopy\s+copy)\s+(?:--?\S+\s+)*[\"']?(?:s3|gs|https)://\S+\s+"
    r"(?![\"']?(?:s3|gs|https)://)"
)
"""A copy from where copies are kept, which is made to restore."""
_FIRST_SETTINGS = re.compile(
    r"\b(?:cp|copy-item)\b.*\.(?:example|sample|template|dist|tmpl)\b", re.IGNORECASE | re.ASCII
)
"""cp .env.example .env: settings that are made, not kept."""


_ELSE = (
    r"(?:(?:un)?install|setup|init|status|list|ls|show|info|help|verify|check|validate|clean(?:-?up)?|prune|purge"
    r"|rotate|delete|remove|dry-run|schedule|enable|disable)"
)
_AROUND = re.compile(
    rf"\.(?:sh|py|ps1|m?js)[\"']?\s+(?:--)?{_ELSE}\b|(?:^|[\s/]){_ELSE}-[\w-]*\.(?:sh|py|ps1|m?js)\b",
    re.IGNORECASE,
)
"""A script of backups that is called, or named, for something else: backup.sh cleanup, list-backups.sh."""
_LOGGED = re.compile(r"\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
"""What a command has printed, not the command."""


def _runs(command: str, pattern: re.Pattern[str]) -> bool:
    """Say whether *command* runs what *pattern* names, and does not only look at it or schedule it."""
    is_none = _CRON.match(command) or _SETTING.search(command) or _LOGGED.match(command)
    parts = () if is_none else _PIPES.split(command)
    return any(pattern.search(part) and not any(other.search(part) for other in _NO_COPY) for part in parts)


_NO_COPY = (re.compile(rf"^(?:{_LOOKS.pattern})", re.IGNORECASE), _FIRST_SETTINGS, _AROUND)


_OR = re.compile(
    r"^\s*(?:#|--|//)\s*(?:or\b|alternatively\b|または|もしくは|あるいは"
    r"|(?:方法|option|method) ?(?:\d|[a-z]\b))",
    re.IGNORECASE | re.MULTILINE,
)
_PLAYBOOK = re.compile(r"\w\.ya?ml$")
_SCRIPT = re.compile(r"(?:sudo (?:-\w+ )*|bash |sh |python3? )*[\w./~$-]+\.(?:sh|py|ps1)\b")


_SYNOPSIS = re.compile(r"\s\[(?:-{1,2}\w|<|[A-Z]{2})|\s<[^<>|]+\|[^<>]+>|\s\.\.\.$")
"""What may be given or left out: backup.sh [--dest DIR]."""


_ONLY = re.compile(r"^\s*(?:#|--|//).*(?:のみ|だけ|\bonly)\W*$", re.IGNORECASE | re.MULTILINE)
_DATABASE = re.compile(
    r"\s(?:-d|--dbname)[ =]?[\"']?(?P<named>[\w$.{}-]+)"
    r"|\bpsql\s+(?:-[a-zA-Z] \S+\s+)*(?P<first>[\w$.{}-]+)\s*<"
)


def offers_choice(text: str) -> bool:
    """Say whether comments part one way from another: # Or, compressed. Nobody restores twice.

    # Only the database, # Only the settings: each of these is for one case, and none for all.
    """
    return _OR.search(text) is not None or len(_ONLY.findall(text)) > 1


def loads_one_twice(commands: Sequence[str]) -> bool:
    """Say whether two programs load the same database: whoever needs one of the dumps needs no other."""
    loaded = [(_program(command), found) for command in commands if (found := _loaded(command))]
    return len({database for _, database in loaded}) < len(loaded) == len({run for run, _ in loaded})


def _loaded(command: str) -> str:
    """Return the database that *command* gives a dump to, if it says so."""
    found = _DATABASE.search(command) if loads_a_dump(command) else None
    return (found["named"] or found["first"]).strip("\"'") if found else ""


def are_variants(commands: Sequence[str]) -> bool:
    """Say whether one playbook is run several times, and nothing else: for this part, or for that."""
    run = {tuple(command.split()[:2]) for command in commands}
    return len(commands) > 1 and len(run) == 1 and _PLAYBOOK.search(run.pop()[-1]) is not None


def offers_another_program(text: str) -> bool:
    """Say whether comments offer another program for the same, or for a part: # Or make backup."""
    if len(_ONLY.findall(text)) > 1:
        return True
    found = _OR.search(text)
    if found is None:
        return False
    parts = (text[: found.start()], text[found.end() :].partition("\n")[2])
    before, after = ([_program(command) for command in commands_of(part)] for part in parts)
    return bool(after) and after[0] not in before


def _program(command: str) -> str:
    return command.removeprefix("sudo ").split()[0]


def is_usage(commands: Sequence[str]) -> bool:
    """Say whether they show how one script is called, with this or that behind it, and are no sequence."""
    if any(map(_SYNOPSIS.search, commands)):
        return True
    called = Counter(found.group() for found in map(_SCRIPT.match, commands) if found)
    return any(count > 1 for count in called.values()) and len(called) == 1
