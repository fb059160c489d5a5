"""Customers who ask through the proxy all the time, and note every answer that they don't get."""

import http.client
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Customers:
    """Four at once; each request is a connection of its own, and none is asked again."""

    def __init__(self, url: str, count: int = 4, path: str = "/") -> None:
        self._at = urlsplit(url).netloc
        self._path = path
        self._over = threading.Event()
        self._since = 0.0
        self._threads = [threading.Thread(target=self._shop) for _ in range(count)]
        self.answers: Counter[str] = Counter()
        """Version → how many answers."""
        self.failures: list[str] = []

    @property
    def asked(self) -> int:
        """How many requests have been made."""
        return sum(self.answers.values()) + len(self.failures)

    def start_over(self) -> None:
        """Forget the answers; those count that are asked for from now on."""
        self._since = time.monotonic()
        self.answers.clear()

    def wait_for(self, more: int) -> None:
        """Wait until so many more have been made."""
        wanted, end = self.asked + more, time.monotonic() + 300
        while self.asked < wanted:
            assert time.monotonic() < end
            time.sleep(0.01)

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    def _shop(self) -> None:
        while not self._over.is_set():
            began, connection = time.monotonic(), http.client.HTTPConnection(self._at, timeout=10)
            try:
                connection.request("GET", self._path)
                answer = connection.getresponse()
                words = answer.read().decode()
                if answer.status == 200:
                    self.answers[words.split()[0]] += began >= self._since
                else:
                    self.failures.append(f"{answer.status} {words}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            finally:
                connection.close()
