"""Which lines of a source are already stored, by the ids that the source gave them."""

from toban.engine.telemetry.store import Telemetry


class LogIds:
    """The `eventId`s of stored lines. Any thread may use it."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def stored(self, sender: str, first: int, last: int) -> frozenset[str]:
        """Return the ids of *sender*'s lines from *first* to *last*, in milliseconds since 1970.

        Raises `StoreUnavailable`.
        """
        self._telemetry.ensure_schema()
        rows = self._telemetry.ask(
            """SELECT attributes.eventId.:String FROM logs WHERE sender = {sender:String}
            AND at BETWEEN fromUnixTimestamp64Milli({first:Int64})
            AND fromUnixTimestamp64Milli({last:Int64})""",
            {"sender": sender, "first": first, "last": last},
        )
        return frozenset(str(each) for (each,) in rows if each is not None)
