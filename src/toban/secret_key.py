"""The key that signs sessions and what nodes tell each other: `TOBAN_SECRET_KEY`, else a file of the home."""

from pathlib import Path

from toban.message import Message

SHORTEST = 32
"""Characters of a key that nobody guesses."""


class BadSecretKey(Exception):
    """`TOBAN_SECRET_KEY` leads to no key; the message never holds what is written there."""


def secret_key(reference: str, home: Path) -> str:
    """Return the key at *reference*, or without one that of *home*; empty if there is none.

    Raises `BadSecretKey` if nothing usable is at *reference*. Nodes of one state database share it.
    """
    if not reference:
        path = home / "secret-key"
        return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    # Not at the top: it is slow to load, and commands that only read a document need no key.
    from toban.engine.bindings.secret import Secret, SecretUnavailable  # noqa: PLC0415

    if not reference.startswith((Secret.ENV, Secret.FILE)):
        raise BadSecretKey(Message("stores.secret-key-is-no-reference"))
    try:
        key = Secret(reference).reveal().strip()
    except SecretUnavailable as error:
        raise BadSecretKey(Message("stores.secret-key-unavailable", why=error)) from None
    if len(key) < SHORTEST:
        raise BadSecretKey(Message("stores.secret-key-too-short", least=SHORTEST))
    return key
