"""The edition in force in this process: code that serves people asks here, and never reads the files."""

from typing import Protocol

from toban.engine.editions.edition import Edition, EditionRefusal


class EditionSource(Protocol):
    """A provider of the edition in force, such as `EditionInForce`."""

    @property
    def edition(self) -> Edition | None:
        """The edition in force; None while no version could be read."""

    @property
    def refusal(self) -> EditionRefusal | None:
        """Why the files' current contents are not in force; None when they are."""


class _NoEdition:
    edition: Edition | None = None
    refusal: EditionRefusal | None = None


_source: EditionSource = _NoEdition()


def use(source: EditionSource) -> None:
    """Make *source* provide the edition in force, from now on and for the whole process."""
    global _source  # noqa: PLW0603 - one process serves one document; its start says which
    _source = source


def edition() -> Edition | None:
    """Return the edition in force."""
    return _source.edition


def refusal() -> EditionRefusal | None:
    """Return why a newer version is not in force."""
    return _source.refusal
