"""The message for an unreadable connection string; no part of it is quoted, as it may hold a password."""

from toban.message import Message

UNREADABLE = Message("backup-engines.connection-string-unreadable")
