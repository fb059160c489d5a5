"""By what an insert of a batch is known again: its token, which says what batch it is of."""


def token_of(key: str, cut: int) -> str:
    """Return the token of one of the inserts that the batch *key* is written by."""
    return f"{key}/{cut}"


def batch_number(key: str) -> int:
    """Return what stands in the column `batch` for a batch, or for a token of it; both begin with its key."""
    return int(key[:16], 16)
