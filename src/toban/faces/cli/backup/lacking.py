"""The secrets named in the bindings that are missing in this shell, though the worker may have them."""

from collections.abc import Iterable

import click
from pydantic import BaseModel

from toban.engine.bindings.load import secrets_of


def tell_missing(whose: str, configs: Iterable[BaseModel | None]) -> None:
    """Say which secrets of *configs* are not in this shell.

    This refuses nothing: if a source is lost, its DSN is not needed to restore from the store.
    """
    known = (config for config in configs if config is not None)
    missing = [str(secret) for each in known for _, secret in secrets_of(each) if not secret.is_at_hand()]
    if missing:
        click.echo(
            f"「{whose}」の秘密のうち、この端末にないもの: {'、'.join(dict.fromkeys(missing))}\n"
            "HINT: 要るときは、toban up と同じ環境変数とファイルを置いてください",
            err=True,
        )
