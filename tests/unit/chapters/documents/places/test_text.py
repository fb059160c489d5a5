"""What is read out of documents that strangers have written."""

import time

import pytest

from toban.chapters.documents.places.text import digest_of, from_html, hosts_of, links_of, works_of


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[a](b.md) and [c](<d.md>)", ("b.md", "d.md")),
        ('![図](x.png "title")', ("x.png",)),
        ("see https://example.com/a.", ("https://example.com/a",)),
        ("「https://example.com/a」、", ("https://example.com/a",)),
        ("[own heading](#a)", ()),
        ("```\ncurl https://example.com/in-an-example\n```\n", ()),
    ],
)
def test_links_of_markdown(text: str, links: tuple[str, ...]) -> None:
    assert links_of(text) == links


def test_a_page_is_its_words_and_links_without_scripts() -> None:
    page = "<head><title>T</title></head><h1>A&amp;B</h1><script>x()</script><p>c <a href='/d'>d</a><p>e"

    assert from_html(page) == ("A&B\n\nc d\ne", ("/d",))


@pytest.mark.parametrize(
    ("page", "part", "words"),
    [
        ("<nav>n</nav><main><p>a</main><p>b", "", "a"),
        ("<nav><ul><li>n</ul></nav><p>a<aside>recent</aside><footer>f</footer>", "", "a"),
        ("<div id=x>a<div>b</div><br>c</div>d", "x", "a\nb\nc"),
        ("<article>a</article><article>b</article>", "article", "a"),
        ("<div id=x>a", "x", "a"),
        ("<p>a", "x", ""),
        ("<input id=x>a", "x", ""),
    ],
)
def test_what_a_wiki_shows_around_a_document_is_not_read(page: str, part: str, words: str) -> None:
    assert from_html(page, part)[0].replace("\n\n", "\n") == words


def test_links_around_a_document_are_not_its_own() -> None:
    assert from_html("<nav><a href=/n>n</a></nav><main><a href=/a>a</a></main>")[1] == ("/a",)


def test_a_head_that_nothing_ends_does_not_hide_the_page() -> None:
    assert from_html("<html><head><title>T</title><body><p>a") == ("a", ())


@pytest.mark.parametrize("broken", ["<script>", "</script></style>a", "<a href=", "<<<>>>", "<p" * 5000])
def test_a_broken_page_is_read_as_far_as_it_goes(broken: str) -> None:
    text, links = from_html(broken)

    assert isinstance(text, str)
    assert links == ()


@pytest.mark.parametrize(
    "text", ["`ssh " + "-b " * 100 + "!`", "```\n" + "ping -ssh " * 40_000 + "!", "```x\n" * 100_000]
)
def test_no_document_keeps_the_worker_busy(text: str) -> None:
    started = time.process_time()

    for read in (hosts_of, works_of, links_of):
        read(text)

    assert time.process_time() - started < 5


def test_spaces_and_line_ends_are_no_change() -> None:
    assert digest_of("a  b\r\n\r\nc\n") == digest_of("a b\nc")
    assert digest_of("a b") != digest_of("ab")


def test_hosts_and_works_stand_in_commands() -> None:
    code = 'ssh -p 22 -i key admin@web-1\nping db-1.example.com\nssh HOST\ntoban run "scan/a b"'
    text = f"ssh is good.\n\n```\n{code}\n```\n`toban run B002`"

    assert hosts_of(text) == ("web-1", "db-1.example.com")
    assert works_of(text) == ("scan/a b", "B002")


def test_values_of_options_are_no_hosts() -> None:
    assert hosts_of("`ssh -v -p 22 -o ProxyJump=x -4 web-1` `ssh -i k -l admin web-2`") == ("web-1", "web-2")


def test_a_block_that_nothing_ends_is_code_to_the_end() -> None:
    text = "[a](b.md)\n```sh\ntoban run B001\n[c](d.md)\n"

    assert (links_of(text), works_of(text)) == (("b.md",), ("B001",))
