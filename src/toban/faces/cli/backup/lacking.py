"""The secrets named in the bindings that are missing in this shell, though the worker may have them."""

from collections.abc import Iterable

from pydantic import BaseModel

from toban.engine.bindings.load import secrets_of
from toban.faces.terminal import refuse
from toban.message import Message


def tell_missing(whose: str, configs: Iterable[BaseModel | None]) -> None:
    """Say which secrets of *configs* are not in this shell.

    This refuses nothing: if a source is lost, its DSN is not needed to restore from the store.
    """
    known = (config for config in configs if config is not None)
    missing = [str(secret) for each in known for _, secret in secrets_of(each) if not secret.is_at_hand()]
    if missing:
        said = Message("backup.secrets-not-here", whose=whose, secrets=list(dict.fromkeys(missing)))
        refuse(said, Message("backup.bring-the-secrets"))
