"""Real S3 servers for tests: nanio checks signatures, ministack supports bucket settings."""

import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import boto3
import pytest
from tests.ports import free_port

from toban.engine.stores.s3.config import S3Config

ACCESS_KEY, SECRET_KEY = "AKIATOBANTEST", "a-secret-of-the-tests"

type BucketOf = Callable[..., S3Config]
"""Builds the config of a new bucket of a server; the given keys override the defaults."""


class S3Server:
    """A server on its own port that can be stopped and started again."""

    def __init__(self, command: list[str], environment: Mapping[str, str], port: int, log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env={**os.environ, **self._environment}, stdout=log, stderr=log
            )
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"{self._command[0]} does not start: {self._log.read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self) -> "boto3.client":
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )


def nanio(folder: Path) -> S3Server:
    """A server that stores its objects in *folder*, so that they survive it."""
    port = free_port()
    command = [_program("nanio"), "serve", "--data-dir", str(folder), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--no-access-log"]
    environment = {"NANIO_ACCESS_KEY": ACCESS_KEY, "NANIO_SECRET_KEY": SECRET_KEY}
    return S3Server(command, environment, port, folder.with_name(f"{folder.name}.log"))


def ministack(folder: Path, services: str = "s3") -> S3Server:
    """A server that keeps everything in memory and checks no credentials."""
    port = free_port()
    environment = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": services}
    return S3Server([_program("ministack")], environment, port, folder / "ministack.log")


def _program(name: str) -> str:
    program = Path(sysconfig.get_path("scripts"), name)
    if not program.exists():
        pytest.skip(f"needs {name} (in the dev group)")
    return str(program)
