"""Who runs a command: the user of the operating system, as far as the system itself knows it."""

import os
import pwd


def shell_user() -> str:
    """Return who signed in to this machine, also after sudo and su; else the user that the command runs as.

    Environment variables don't count: everybody can set their own.
    """
    try:
        return os.getlogin()
    except OSError:  # no session: a container, cron, a unit of systemd
        return _name(os.getuid())


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
