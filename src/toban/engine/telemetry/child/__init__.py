"""The telemetry store's own process: a chDB session behind the ClickHouse HTTP protocol, on loopback only.

chDB is used nowhere else. It needs 350 MB of memory, does not survive a fork, and takes its process down when
it fails. In a separate child process, none of that affects monitoring or the pages.
"""
