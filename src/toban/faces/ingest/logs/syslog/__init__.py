"""Syslog over TCP, TLS and UDP, as set in `[syslog]`: RFC 5424, 6587, 5425, 5426, and RFC 3164.

The protocol has no acknowledgement: messages of the last second before a crash are lost. While the store is
away, TCP connections are not read, so that their senders wait; UDP messages without room are dropped and
counted.
"""
