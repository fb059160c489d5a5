"""A bucket as a store: objects are uploaded in parts and downloaded in ranges, each retried separately.

obstore transfers objects; boto3 does what obstore can't: finding uploads that were broken off.
S3's limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
"""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import obstore
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store as Bucket

from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.stores.pipe import Pipe, PipeAbandoned
from toban.engine.stores.s3.clients import bucket_client, settings_client
from toban.engine.stores.s3.config import S3Config
from toban.engine.stores.s3.settings import Settings, expiry_below, lock, settings_of
from toban.engine.stores.s3.trouble import trouble_of
from toban.engine.stores.store import AlreadyThere, ListedObject, StoredObject, StoreTrouble
from toban.message import Message, message_of

if TYPE_CHECKING:
    # These exist in obstore's stubs only.
    from obstore import Bytes, PutResult

_MIB = 1 << 20
_RANGE = 8 * _MIB
"""Bytes that one request reads."""
_AHEAD = 3
"""Number of requests that read ahead of the consumer."""
_MOST_PARTS = 10_000

_FAULTS = (BaseError, BotoCoreError, ClientError, ResponseParserError, OSError)


class S3Store:
    """One bucket, under a prefix."""

    def __init__(self, config: S3Config) -> None:
        self._config = config

    @property
    def name(self) -> str:
        """The bucket's name, such as `s3://backups/shop`."""
        return self._config.place

    @contextmanager
    def writer(self, key: str) -> Iterator["_Upload"]:
        """See `Store`."""
        with ThreadPoolExecutor(1, thread_name_prefix="upload") as aside:
            upload = _Upload(self._bucket, key, self._config, aside)
            try:
                yield upload
            except BaseException as error:
                upload.break_off(error)
                raise
            upload.finish()

    def put(self, key: str, content: bytes) -> StoredObject:
        """See `Store`."""
        with self.writer(key) as upload:
            upload.write(content)
        return upload.stored

    def add(self, key: str, content: bytes) -> StoredObject:
        """See `Store`."""
        with self._asking(key):
            try:
                put = obstore.put(self._bucket, key, content, mode="create", use_multipart=False)
            except AlreadyExistsError as error:
                raise AlreadyThere(Message("stores.already-there", place=self.name, key=key)) from error
        return StoredObject(key, len(content), hashlib.sha256(content).hexdigest(), put["version"] or "")

    def lock(self, key: str, until: datetime, mode: str) -> str:
        """See `Store`."""
        try:
            return lock(self._config, f"{self._config.folder}{key}", until, mode)
        except SecretUnavailable as error:
            raise self._without_keys(error) from error
        except _FAULTS as error:
            raise trouble_of(error, self.name, key) from error

    def read(self, key: str) -> bytes:
        """See `Store`."""
        with self._asking(key):
            return obstore.get(self._bucket, key).bytes().to_bytes()

    def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
        """See `Store`. It reads in ranges: no slow reader or short outage of the server breaks it."""
        digest = hashlib.sha256()
        for piece in self._ranges(key):
            if sha256:
                digest.update(piece)
            yield piece
        if sha256 and digest.hexdigest() != sha256:
            raise StoreTrouble(Message("stores.wrong-digest", place=self.name, key=key))

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        """See `Store`."""
        with self._asking(prefix):
            # obstore lists whole folders only.
            for page in obstore.list(self._bucket, prefix.rpartition("/")[0] or None):
                for each in page:
                    if each["path"].startswith(prefix):
                        yield ListedObject(each["path"], each["size"], each["last_modified"])

    def delete(self, keys: Sequence[str]) -> None:
        """See `Store`. In a bucket with versioning, the objects remain as earlier versions."""
        if keys:
            with self._asking(keys[0]):
                obstore.delete(self._bucket, list(keys))

    def sweep(self, prefix: str, before: datetime) -> int:
        """See `Store`."""
        found = 0
        with self._asking(prefix):
            client = settings_client(self._config)
            bucket, start = self._config.bucket, f"{self._config.folder}{prefix}"
            pages = client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=bucket, Prefix=start):
                for upload in page.get("Uploads", ()):
                    # Some servers ignore the prefix and list all uploads.
                    if upload["Key"].startswith(start) and upload["Initiated"] < before:
                        client.abort_multipart_upload(
                            Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
                        found += 1
        return found

    def guard(self) -> Message:
        """See `Store`."""
        return self._settings().in_words

    def expiry(self) -> int | None:
        """See `ExpiresObjects`."""
        return expiry_below(self._settings().rules, self._config.prefix)

    def close(self) -> None:
        """See `Store`; connections are released with the client."""
        self.__dict__.pop("_bucket", None)

    @cached_property
    def _bucket(self) -> Bucket:
        try:
            return bucket_client(self._config)
        except SecretUnavailable as error:
            raise self._without_keys(error) from error

    def _settings(self) -> Settings:
        try:
            return settings_of(self._config)
        except SecretUnavailable as error:
            raise self._without_keys(error) from error
        except _FAULTS as error:
            raise trouble_of(error, self.name, Message("stores.settings")) from error

    def _without_keys(self, error: SecretUnavailable) -> StoreTrouble:
        return StoreTrouble(Message("stores.no-keys", place=self.name, why=message_of(error)))

    def _ranges(self, key: str) -> Iterator[bytes]:
        bucket = self._bucket
        with self._asking(key), ThreadPoolExecutor(_AHEAD, thread_name_prefix="download") as aside:
            size = obstore.head(bucket, key)["size"]
            waiting: deque[Future[Bytes]] = deque()
            for start in range(0, size, _RANGE):
                end = min(start + _RANGE, size)
                waiting.append(aside.submit(obstore.get_range, bucket, key, start=start, end=end))
                if len(waiting) == _AHEAD:
                    yield waiting.popleft().result().to_bytes()
            while waiting:
                yield waiting.popleft().result().to_bytes()

    @contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        try:
            yield
        except _FAULTS as error:
            raise trouble_of(error, self.name, key) from error


@dataclass(frozen=True, slots=True)
class _PartWriter:
    """An object that is sent while it is being written."""

    pipe: Pipe
    sending: "Future[PutResult]"


class _Upload:
    """One upload: a small object is sent in a single request, a larger one in parts while it is written."""

    def __init__(self, bucket: Bucket, key: str, config: S3Config, aside: Executor) -> None:
        self._bucket, self._key, self._config, self._aside = bucket, key, config, aside
        self._part = config.part_mib * _MIB
        self._digest = hashlib.sha256()
        self._size = 0
        self._first: list[bytes] = []
        self._parts: _PartWriter | None = None
        self._stored: StoredObject | None = None

    def write(self, piece: bytes | bytearray | memoryview) -> None:
        """See `Writer`."""
        piece = bytes(piece)
        self._digest.update(piece)
        self._size += len(piece)
        if self._size > _MOST_PARTS * self._part:
            place = self._config.place
            raise StoreTrouble(Message("stores.too-large", place=place, key=self._key))
        if self._parts is not None:
            self._hand_on(self._parts, piece)
            return
        self._first.append(piece)
        if self._size > self._part:
            self._parts = parts = self._begin()
            for each in self._first:
                self._hand_on(parts, each)
            self._first.clear()

    @property
    def stored(self) -> StoredObject:
        """See `Writer`."""
        if self._stored is None:
            raise RuntimeError("the object is not written yet")
        return self._stored

    def break_off(self, failure: BaseException) -> None:
        """Raise *failure* in the sending thread: that aborts the upload; an end of file would complete it."""
        if self._parts is not None:
            self._parts.pipe.end(failure)
            self._parts.sending.exception()

    def finish(self) -> None:
        """Send the rest, and wait until the server has all of it."""
        if self._parts is not None:
            self._parts.pipe.end()
            sending = self._parts.sending
        else:
            content = b"".join(self._first)
            sending = self._aside.submit(obstore.put, self._bucket, self._key, content, use_multipart=False)
        version = self._result(sending)["version"] or ""
        self._stored = StoredObject(self._key, self._size, self._digest.hexdigest(), version)

    def _begin(self) -> _PartWriter:
        pipe = Pipe(self._part)
        sending = self._aside.submit(
            obstore.put,
            self._bucket,
            self._key,
            iter(pipe),
            use_multipart=True,
            chunk_size=self._part,
            max_concurrency=self._config.parallel,
        )
        sending.add_done_callback(lambda _: pipe.abandon())
        return _PartWriter(pipe, sending)

    def _hand_on(self, parts: _PartWriter, piece: bytes) -> None:
        try:
            if piece:
                parts.pipe.write(piece)
        except PipeAbandoned:
            self._result(parts.sending)
            raise

    def _result(self, sending: "Future[PutResult]") -> "PutResult":
        try:
            return sending.result()
        except _FAULTS as error:
            raise trouble_of(error, self._config.place, self._key) from error
