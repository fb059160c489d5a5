"""A chain of segments, and attempts to change, remove or move a part of it."""

import hashlib
import json
from collections.abc import Callable
from datetime import date

import pytest

from toban.engine.evidence import segments
from toban.engine.evidence.segments import ChainWalk, Line, Tip

TODAY = date(2026, 11, 26)


def chain(*sizes: int, kept_until: date = date(2027, 11, 27)) -> list[tuple[str, bytes]]:
    """Return segments with the given numbers of lines."""
    tip, made = Tip(), []
    for size in sizes:
        lines: list[Line] = []
        sequence, previous = tip.last, tip.line
        for _ in range(size):
            lines.append(segments.link(sequence + 1, previous, {"row": {"who": "kei", "n": sequence + 1}}))
            sequence, previous = sequence + 1, lines[-1]["digest"]
        segment = segments.pack("audit", tip, lines, made_at="2026-11-26", kept_until=kept_until)
        made.append((segment.key, segment.content))
        tip = segment.tip
    return made


def walk(made: list[tuple[str, bytes]], **options: object) -> ChainWalk:
    return segments.walk("audit", made, today=TODAY, **options)  # type: ignore[arg-type]


def broken(found: ChainWalk) -> str:
    assert found.broken is not None
    return str(found.broken.said)


def test_a_complete_chain_is_valid_and_ends_with_the_digest_of_its_last_segment() -> None:
    made = chain(3, 1, 2)

    found = walk(made)

    assert (found.segments, found.lines, found.began_at, found.broken) == (3, 6, 1, None)
    assert (found.tip.number, found.tip.last) == (3, 6)
    assert found.tip.digest == hashlib.sha256(made[2][1]).hexdigest()


def test_the_header_names_the_previous_segment_and_its_own_lines() -> None:
    first, second = chain(3, 2)

    header = json.loads(second[1].splitlines()[0])

    assert header["previous"] == hashlib.sha256(first[1]).hexdigest()
    assert (header["format"], header["chain"], header["number"]) == ("toban-evidence/1", "audit", 2)
    assert (header["first"], header["last"]) == (4, 5)
    assert second[0] == "evidence/audit/00000002.ndjson"


def swap(content: bytes, one: int, other: int) -> bytes:
    lines = content.split(b"\n")
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda content: content.replace(b"kei", b"mio", 1), ":2: 行の内容が要約値と一致しません"),
        (lambda content: swap(content, 2, 3), ":3: 6 番の行がありません"),
        (lambda content: b"\n".join(content.split(b"\n")[:2] + content.split(b"\n")[3:]), ":3: 6 番の行が"),
        (lambda content: b"\n".join([*content.split(b"\n")[:-2], b""]), ":5: 8 番の行がありません"),
        (lambda content: content[:-20], ": 途中で切れています"),
        (lambda content: content[:0], ": 途中で切れています"),
        (lambda content: content.replace(b'"n":6', b'"n":7,"n":6'), ":3: 行の内容が要約値と一致しません"),
        (lambda content: content.replace(b'{"digest"', b'{ "digest"', 1), ":2: 行の内容が要約値"),
        (lambda content: content.replace(b"2026-11-26", b"2026-11-27"), ""),
    ],
)  # fmt: skip
def test_a_change_in_a_segment_is_reported_with_its_line(change: Callable[[bytes], bytes], told: str) -> None:
    made = chain(4, 4, 2)
    made[1] = (made[1][0], change(made[1][1]))

    found = walk(made)

    if told:
        assert broken(found).startswith(f"evidence/audit/00000002.ndjson{told}")
        assert found.tip.number == 1
    else:
        # No line was changed: only the next segment reveals the change.
        assert broken(found).startswith("evidence/audit/00000003.ndjson:1: 2 番の要約値が")


def test_a_rewritten_segment_with_valid_digests_does_not_fit_the_next() -> None:
    made, other = chain(3, 3, 3), chain(3, 4, 3)

    assert broken(walk([made[0], other[1], made[2]])).startswith(
        "evidence/audit/00000003.ndjson:1: 2 番の要約値が"
    )


def test_a_missing_segment_is_named() -> None:
    made = chain(1, 1, 1)

    assert broken(walk([made[0], made[2]])) == "evidence/audit/00000002.ndjson: 2 番の区間がありません"


def test_segments_with_swapped_names_are_detected() -> None:
    made = chain(1, 1, 1)
    moved = [made[0], (made[1][0], made[2][1]), (made[2][0], made[1][1])]

    assert broken(walk(moved)).startswith(
        "evidence/audit/00000002.ndjson:1: 名前と中身が違います: 中身は audit の 3 番です"
    )


def test_a_missing_beginning_that_had_to_be_kept_is_detected() -> None:
    assert broken(walk(chain(1, 1, 1)[1:])) == "evidence/audit/00000001.ndjson: 1 番までの区間がありません"


def test_a_beginning_past_its_retention_may_be_missing() -> None:
    found = walk(chain(1, 1, 1, kept_until=TODAY)[1:])

    assert (found.broken, found.segments, found.began_at, found.lines) == (None, 2, 2, 2)


def test_an_excerpt_of_a_chain_is_valid_on_its_own() -> None:
    made = chain(2, 2, 2)

    assert walk(made[1:2], is_excerpt=True).broken is None
    changed = (made[1][0], made[1][1].replace(b"kei", b"mio"))
    assert broken(walk([changed], is_excerpt=True)).endswith(":2: 行の内容が要約値と一致しません")


def test_a_truncated_chain_is_detected_by_a_head_recorded_elsewhere() -> None:
    made = chain(1, 1, 1)
    known = {number: hashlib.sha256(content).hexdigest() for number, (_, content) in enumerate(made, 1)}

    assert walk(made, known=known).broken is None
    assert broken(walk(made[:2], known=known)) == (
        "evidence/audit/00000003.ndjson: 控えでは 3 番までありました。末尾が失われています"
    )
    assert broken(walk([], known=known)).startswith("evidence/audit/00000001.ndjson: 控えでは 3 番まで")


def test_a_rewritten_end_is_detected_by_a_head_recorded_elsewhere() -> None:
    made = chain(1, 2)

    found = walk([made[0], chain(1, 3)[1]], known={2: hashlib.sha256(made[1][1]).hexdigest()})

    assert broken(found) == "evidence/audit/00000002.ndjson: 控えておいた要約値と一致しません"


@pytest.mark.parametrize("key", ["evidence/audit/1.ndjson", "evidence/audit/00000001.json", "manifest.json"])
def test_other_names_are_not_segments(key: str) -> None:
    assert segments.place_of(key) is None


def test_chains_are_separated_and_ordered_wherever_they_are_stored() -> None:
    keys = [
        "shop/evidence/ledger/00000010.ndjson",
        "shop/evidence/ledger/00000002.ndjson",
        "shop/evidence/audit/00000001.ndjson",
        "shop/readme.txt",
    ]

    assert dict(segments.in_order(keys)) == {"audit": [keys[2]], "ledger": [keys[1], keys[0]]}
