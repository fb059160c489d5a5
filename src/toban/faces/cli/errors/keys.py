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

_REFUSED = 1
_KEY_BYTES = 16
"""32 hexadecimal digits, like Sentry's own keys: some SDKs accept nothing else."""


@click.command(
    "key",
    short_help="Make a new public key for a DSN (DSN の鍵を作る).",
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
    short_help="The DSN for an application's SDK (SDK に渡す DSN).",
    epilog="Example: toban errors dsn shop",
)
@click.argument("app", default="")
@click.pass_obj
def dsn_(parts: Parts, app: str) -> None:
    """Print the DSN of [errors.APP], or of all, at TOBAN_PUBLIC_URL, else where the running Toban is reached.

    DSN の鍵は公開されるものです。エラーを送れるだけで、何も読めません。

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
        names = "、".join(known) or "まだありません"
        refuse(f"[errors.{app or 'アプリ'}] がありません", f"{edition.bindings.file} にあるのは: {names}")
        raise SystemExit(_REFUSED)
    for name in [app] if app else known:
        dsn = _dsn(edition, name)
        say(dsn if app else f"{name}  {dsn}")


def _dsn(edition: Edition, name: str) -> str:
    binding = ERRORS.of(edition.bindings)[name]
    try:
        key = binding.key.reveal()
    except SecretUnavailable as missing:
        refuse(f"[errors.{name}] の鍵を読めません: {missing}", _way_to(binding.key))
        raise SystemExit(_REFUSED) from missing
    if not key.isascii() or not key.isalnum():
        refuse(f"[errors.{name}] の鍵に英数字でない字があります", "toban errors key が新しい鍵を作ります")
        raise SystemExit(_REFUSED)
    place = urlsplit(_public_url())
    return f"{place.scheme}://{key}@{place.netloc}{place.path.rstrip('/')}/{binding.project}"


def _way_to(key: Secret) -> str:
    """Return how to get *key* if this process lacks it: a new key would not fit any DSN in use."""
    where = key.reference.removeprefix(key.ENV)
    if where != key.reference:
        return (
            f"鍵は toban up を動かす側の環境変数 {where} にあります。"
            f"その値をこの端末にも置いてください: export {where}=鍵。"
            f"そちらにもまだなければ、toban errors key で作り、toban up の側に置いて動かし直してください"
        )
    return (
        "鍵のファイルがあれば、それを読める利用者で実行してください。"
        "まだなければ、toban errors key の出力をそのファイルに書いてください"
    )


def _public_url() -> str:
    """Return Toban's public URL: as configured, else as recorded by the `toban up` of this home."""
    shown = processes_file(settings.HOME)
    if "TOBAN_PUBLIC_URL" in os.environ or not shown.exists():
        told: str = settings.PUBLIC_URL
        return told
    url: str = json.loads(shown.read_text(encoding="utf-8"))["url"]
    return url
