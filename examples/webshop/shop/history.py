"""The history of the front's source, as a git repository: three versions, of which the last one is bad.

It is made in one piece by `git fast-import`, always with the same commits. v1.0.0 is what the shop starts
with. v1.1.0 and v1.2.0 wait on branches of their own. v1.2.0 is bad, but works until customers come: no check
notices.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FRONT = Path(__file__).parents[1] / "front"
DOCUMENTS = Path(__file__).parents[1] / "documents"
_DAY = 86_400
_BEGAN = 1_790_000_000
"""In seconds since 1970: 2026-09-21."""


@dataclass(frozen=True, slots=True)
class Version:
    """A commit on the way to a version, with its review."""

    tag: str
    subject: str
    author: str
    reviewer: str
    pages: str
    branch: str

    @property
    def message(self) -> str:
        """Its words: the review is in the last paragraph."""
        return f"{self.subject}\n\nReviewed-by: {self.reviewer}\n"

    @property
    def files(self) -> Mapping[str, bytes]:
        """The tree."""
        return {
            "front.py": (FRONT / "front.py").read_bytes(),
            "check.py": (FRONT / "check.py").read_bytes(),
            "reports.py": (FRONT / "reports.py").read_bytes(),
            "pages.py": (FRONT / self.pages).read_bytes(),
        }


_SAKURA, _KAI = "比嘉 さくら <sakura@example.com>", "江藤 かい <kai@example.com>"

VERSIONS = (
    Version("v1.0.0", "店の表を開く", _KAI, _SAKURA, "pages.py", "main"),
    Version("v1.1.0", "本日のおすすめを出す", _SAKURA, _KAI, "pages_1_1.py", "recommendation"),
    Version("v1.2.0", "来店を覚えておく", _KAI, _SAKURA, "pages_1_2.py", "visits"),
)


def make(repository: Path) -> None:
    """Make the bare repository, if it is not there; one that was cut off is made again."""
    _made(repository, b"".join(_stream()))


def make_documents(repository: Path) -> None:
    """Make the bare repository of the shop's documents, like `make`."""
    at = f"{_BEGAN} +0900"
    head = f"commit refs/heads/main\nauthor {_KAI} {at}\ncommitter {_KAI} {at}\n".encode()
    files = (f"M 100644 inline {each.name}\n".encode() + _data(each.read_bytes()) for each in _documents())
    _made(repository, head + _data("店の文書".encode()) + b"".join(files))


def _documents() -> Sequence[Path]:
    return sorted(DOCUMENTS.glob("*.md"))


def _made(repository: Path, stream: bytes) -> None:
    if (repository / "HEAD").exists():
        return
    draft = repository.with_name(f".{repository.name}")
    shutil.rmtree(draft, ignore_errors=True)
    _git("init", "--quiet", "--bare", "--initial-branch=main", "--template=", str(draft))
    # Whoever tries the demo may push versions of their own.
    _git("-C", str(draft), "config", "http.receivepack", "true")
    _git("-C", str(draft), "fast-import", "--quiet", content=stream)
    draft.rename(repository)


def _stream() -> Iterator[bytes]:
    for number, version in enumerate(VERSIONS):
        at = f"{_BEGAN + number * 7 * _DAY} +0900"
        yield f"commit refs/heads/{version.branch}\nmark :{number + 1}\n".encode()
        yield f"author {version.author} {at}\ncommitter {version.author} {at}\n".encode()
        yield _data(version.message.encode())
        if number:
            yield f"from :{number}\n".encode()
        for name, content in version.files.items():
            yield f"M 100644 inline {name}\n".encode() + _data(content)
    for number, version in enumerate(VERSIONS):
        yield f"reset refs/tags/{version.tag}\nfrom :{number + 1}\n\n".encode()


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def _git(*arguments: str, content: bytes = b"") -> None:
    program = shutil.which("git")
    if program is None:
        raise SystemExit("git is not installed\nHINT: Debian, Ubuntu: apt install git")
    # Neither the settings of whoever runs the demo nor another repository around it count.
    alone = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "PATH": str(Path(program).parent)}
    subprocess.run([program, *arguments], input=content, env=alone, check=True)
