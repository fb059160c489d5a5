"""Severities of syslog (RFC 5424, table 2), also used by the journal → the document's levels. Pure."""

_LEVELS = ("CRITICAL", "CRITICAL", "CRITICAL", "ERROR", "WARNING", "INFO", "INFO", "DEBUG")
SEVERITIES = {str(number): level for number, level in enumerate(_LEVELS)}
