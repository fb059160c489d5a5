"""Commands that make a backup or restore one, as a procedure's fence has them."""

import re

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
    return _runs(command, _MAKES_BACKUP)


def is_restore(command: str) -> bool:
    return _runs(command, _RESTORES) or (_runs(command, _CLIENT) and _OF_A_FILE.search(command) is not None)


def loads_a_dump(command: str) -> bool:
    """Say whether *command* gives a dump to a database, whatever else stands beside it."""
    return _LOADS_A_DUMP.search(command) is not None


_FIRST_SETTINGS = re.compile(
    r"\b(?:cp|copy-item)\b.*\.(?:example|sample|template|dist|tmpl)\b", re.IGNORECASE | re.ASCII
)
"""cp .env.example .env: settings that are made, not kept."""


def _runs(command: str, pattern: re.Pattern[str]) -> bool:
    """Say whether *command* runs what *pattern* names, and does not only look at it or schedule it."""
    parts = () if _CRON.match(command) or _SETTING.search(command) else _PIPES.split(command)
    return any(
        pattern.search(part) and not (_LOOKS.match(part) or _FIRST_SETTINGS.search(part)) for part in parts
    )
