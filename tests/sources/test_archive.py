"""Archives of every kind, whole and broken: articles or dead letters that name file and line, never an exception."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.settings import ReadLimits
from pipeline.sources.archive import archive_files, read_file
from schemas import Article, DeadLetter

LIMITS = ReadLimits(max_line_bytes=2_000, max_document_bytes=50_000)
GOOD = json.dumps({"id": "1", "title": "Bank cuts rates", "published": "2023-01-02T03:04:05Z"}).encode()


def read(path, limits=LIMITS):
    items = list(read_file(path, limits))
    return [i for i in items if isinstance(i, Article)], [i for i in items if isinstance(i, DeadLetter)]


def test_json_lines_plain_and_gzipped_read_alike(tmp_path):
    lines = b"\n".join([GOOD, b"", GOOD.replace(b'"1"', b'"2"')])
    (tmp_path / "a.jsonl").write_bytes(lines)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(lines))
    for name in ("a.jsonl", "b.jsonl.gz"):
        articles, dead = read(tmp_path / name)
        assert [a.id for a in articles] == ["1", "2"]
        assert [a.position.line for a in articles] == [1, 3]
        assert not dead


@pytest.mark.parametrize(
    ("line", "cause", "says"),
    [
        (b"{", "bad_json", "not JSON"),
        (b'{"title": "x", "titel": 1}', "bad_schema", "'titel'"),
        (b'{"title": 5}', "bad_schema", "title"),
        (
            b'{"title": "x", "published": "2023-01-02", "date": "2023-01-02"}',
            "bad_schema",
            "'published' and 'date' are both given and mean the same",
        ),
        (b'{"title": "x", "url": "", "link": ""}', "bad_schema", "'url' and 'link' are both given"),
        (b"[1, 2]", "bad_schema", ""),
        (b'{"title": "x", "published": "soon"}', "bad_date", "'soon' is no date"),
        (b'{"title": " "}', "bad_schema", "neither title nor text"),
        (b'{"title": "\xff\xfe"}', "bad_encoding", "byte 11"),
        (b"\x00\x00\x00", "bad_json", "not JSON"),
        (b'{"title": "' + b"x" * 3000 + b'"}', "too_large", "max_line_bytes"),
    ],
)
def test_a_bad_line_is_a_dead_letter_and_the_rest_is_read(tmp_path, line, cause, says):
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD + b"\n" + line + b"\n" + GOOD)
    articles, (letter,) = read(path)
    assert len(articles) == 2
    assert (letter.cause, letter.position.line, letter.position.origin) == (cause, 2, str(path))
    assert says in letter.message


def test_a_line_far_over_the_limit_is_skipped_not_loaded(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x" * 50_000_000 + b"\n" + GOOD)
    articles, (letter,) = read(path)
    assert [a.id for a in articles] == ["1"]
    assert letter.payload_size == 50_000_000 + 1
    assert len(letter.payload) < 100_000


def test_broken_gzip_gives_what_stands_before_it(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    lines = b"".join(json.dumps({"title": f"item {i * 7919}"}).encode() + b"\n" for i in range(20_000))
    whole = gzip.compress(lines)
    path.write_bytes(whole[: len(whole) // 2])
    articles, (letter,) = read(path)
    assert len(articles) > 1000
    assert letter.cause == "bad_gzip"
    assert letter.position.line == len(articles) + 1
    (tmp_path / "b.jsonl.gz").write_bytes(b"this is no gzip")
    assert read(tmp_path / "b.jsonl.gz")[1][0].cause == "bad_gzip"


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.txt", "a.xml", "a.json"])
def test_an_empty_file_is_a_dead_letter(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(b"") if name.endswith(".gz") else b"")
    articles, dead = read(path)
    assert not articles
    assert [letter.cause for letter in dead] in (["unreadable"], ["bad_feed"])


def test_text_files_are_one_article_with_a_title_if_they_have_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Ministry lifts ban\n\nThe ministry said so.", encoding="utf-8")
    (titled,), _ = read(path)
    assert (titled.title, titled.text) == ("Ministry lifts ban", "The ministry said so.")
    path.write_text("The ministry lifted the ban.\nIt said so.", encoding="utf-16")
    (plain,), _ = read(path)
    assert (plain.title, plain.text.count("\n")) == ("", 1)
    path.write_bytes(b"caf\xe9 \xff")
    assert read(path)[1][0].cause == "bad_encoding"


def test_feed_documents_are_read_and_hostile_xml_refused(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(
        "<rss version='2.0'><channel><title>t</title><item><title>Court annuls fine</title><guid>g1</guid>"
        "<pubDate>Wed, 12 Jul 2023 09:00:00 GMT</pubDate></item></channel></rss>"
    )
    (entry,), dead = read(path)
    assert entry.title == "Court annuls fine"
    assert entry.published is not None
    assert not dead
    secret = tmp_path / "secret"
    secret.write_text("do not read me")
    path.write_text(
        f"<!DOCTYPE r [<!ENTITY x SYSTEM 'file://{secret}'>]><rss version='2.0'><channel><item><title>&x;</title></item></channel></rss>"
    )
    articles, dead = read(path)
    assert "do not read me" not in "".join(a.title for a in articles)
    bomb = "<!DOCTYPE r [<!ENTITY a '" + "x" * 1000 + "'>"
    bomb += "".join(f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 10}'>" for i in range(9))
    path.write_text(bomb + "]><rss version='2.0'><channel><item><title>&j;</title></item></channel></rss>")
    articles, dead = read(path)
    assert sum(len(a.title) for a in articles) < 10_000


def test_a_document_over_the_limit_is_set_aside(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("x" * 60_000)
    _, (letter,) = read(path)
    assert (letter.cause, letter.payload_size) == ("too_large", 60_000)


def test_folders_are_read_by_name_and_what_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "b.jsonl").write_bytes(GOOD)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "z.txt").write_text("x")
    (tmp_path / "notes.md").write_text("no article")
    (tmp_path / ".hidden.jsonl").write_bytes(GOOD)
    assert archive_files([tmp_path]) == [tmp_path / "a" / "z.txt", tmp_path / "b.jsonl"]
    assert archive_files([tmp_path / "b.jsonl", tmp_path / "b.jsonl"]) == [tmp_path / "b.jsonl"]
    with pytest.raises(InputError, match="no such file"):
        archive_files([tmp_path / "missing"])
    with pytest.raises(InputError, match="known kind"):
        archive_files([tmp_path / "notes.md"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no file of a known kind"):
        archive_files([tmp_path / "empty"])


def test_a_file_that_vanished_is_a_dead_letter(tmp_path):
    for name in ("gone.jsonl", "gone.txt"):
        try:
            items = list(read_file(tmp_path / name, LIMITS))
        except FileNotFoundError:
            pytest.fail(f"{name} raised")
        assert [i.cause for i in items] == ["unreadable"]


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", "x.txt", "x.xml", "x.json"])
@given(content=st.binary(max_size=400))
def test_any_bytes_give_articles_or_dead_letters(tmp_path_factory, name, content):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(content)
    assert all(isinstance(item, Article | DeadLetter) for item in read_file(path, LIMITS))


records = st.dictionaries(
    st.sampled_from(["id", "title", "text", "url", "link", "date", "published", "source", "language", "position", "x"]),
    st.none() | st.text(max_size=30) | st.integers() | st.lists(st.text(max_size=3), max_size=2),
    max_size=6,
)


@given(st.lists(records, max_size=5))
def test_every_line_is_accounted_for(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    items = list(read_file(path, LIMITS))
    if lines:
        assert [item.position.line for item in items] == list(range(1, len(lines) + 1))
