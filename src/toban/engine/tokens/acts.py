"""What happens to tokens, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, unchanged
from toban.engine.people.acts import of_account

ACTS: Mapping[str, ActReader] = {
    # The order itself has an entry of its own.
    "api-order": unchanged,
    "token-made": of_account("tokens.change-made", is_sensitive=True),
    "token-revoked": of_account("tokens.change-revoked"),
}
