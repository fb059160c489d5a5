"""Several names in one sentence."""

from collections.abc import Iterable

from django.utils.translation import gettext as _


def listed(names: Iterable[str]) -> str:
    """Return *names* one after the other, as the reader's language parts them."""
    return _("、").join(names)
