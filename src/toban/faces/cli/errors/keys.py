"""`toban errors dsn` and `toban errors key`: what applications need to report errors."""

import json
import os
import secrets
from urllib.parse import urlsplit

import click
from django.conf import settings

from toban.chapters.errors.bindings import ERRORS
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.engine.supervision.home import processes_file
from toban.faces.cli.kept import edition_of
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, message_of

_REFUSED = 1
_KEY_BYTES = 16
"""32 hexadecimal digits, like Sentry's own keys: some SDKs accept nothing else."""


@click.command(
    "key",
    short_help="Make a new public key for a DSN.",
    epilog="Example: toban errors key > shop-errors-key",
)
def key_() -> None:
    """Print a new key. Put it where `key` of [errors.APP] refers to, a file or an environment variable.

    \b
    Exit status:
      0  printed
    """
    say(secrets.token_hex(_KEY_BYTES))


@click.command(
    "dsn",
    short_help="The DSN for an application's SDK.",
    epilog="Example: toban errors dsn shop",
)
@click.argument("app", default="")
@click.pass_obj
def dsn_(parts: Parts, app: str) -> None:
    """Print the DSN of [errors.APP], or of all, at TOBAN_PUBLIC_URL, else where the running Toban is reached.

    The key of a DSN is public: with it, errors can be sent, but nothing can be read.

    \b
    Exit status:
      0  printed
      1  there is no such application, or its key can't be had
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    edition = edition_of(parts)
    known = ERRORS.of(edition.bindings)
    if (app and app not in known) or not known:
        names = list(known) or Message("errors.none-yet")
        refuse(
            Message("errors.no-such-application", application=app or Message("errors.app")),
            Message("errors.applications-are", file=edition.bindings.file, applications=names),
        )
        raise SystemExit(_REFUSED)
    for name in [app] if app else known:
        dsn = _dsn(edition, name)
        say(dsn if app else f"{name}  {dsn}")


def _dsn(edition: Edition, name: str) -> str:
    binding = ERRORS.of(edition.bindings)[name]
    try:
        key = binding.key.reveal()
    except SecretUnavailable as missing:
        refuse(
            Message("errors.key-unavailable", application=name, reason=message_of(missing)),
            _way_to(binding.key),
        )
        raise SystemExit(_REFUSED) from missing
    if not key.isascii() or not key.isalnum():
        refuse(Message("errors.key-not-alphanumeric", application=name), Message("errors.make-new-key"))
        raise SystemExit(_REFUSED)
    place = urlsplit(_public_url())
    return f"{place.scheme}://{key}@{place.netloc}{place.path.rstrip('/')}/{binding.project}"


def _way_to(key: Secret) -> Message:
    """Return how to get *key* if this process lacks it: a new key would not fit any DSN in use."""
    where = key.reference.removeprefix(key.ENV)
    if where != key.reference:
        return Message("errors.key-is-in-variable", name=where)
    return Message("errors.key-is-in-file")


def _public_url() -> str:
    """Return Toban's public URL: as configured, else as recorded by the `toban up` of this home."""
    shown = processes_file(settings.HOME)
    if "TOBAN_PUBLIC_URL" in os.environ or not shown.exists():
        told: str = settings.PUBLIC_URL
        return told
    url: str = json.loads(shown.read_text(encoding="utf-8"))["url"]
    return url
