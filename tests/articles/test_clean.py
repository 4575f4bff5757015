import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.articles.clean import clean


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("<p>Fed &amp; ECB</p><p>hold</p>", "Fed & ECB\nhold"),
        ("It&amp;#8217;s over", "It’s over"),
        ("a <b>bold</b> move", "a bold move"),
        ("x<script>alert('y')</script>z", "xz"),
        ("a<br/>b", "a\nb"),
        ("\x1b[31mred\x1b[0m alert\x07", "red alert"),
        ("cafe\u0301", "café"),
        ("zero\u200bwidth \u202eevil\u202c", "zerowidth evil"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("  many   spaces \r\n\r\n lines ", "many spaces\nlines"),
        ("non\u00a0breaking", "non breaking"),
        ("<style>p{}</style><!-- note -->text", "text"),
        ("<svg><svg></svg>still dropped</svg>kept", "kept"),
        ('<a title="a > b" href=x>link</a> it"s', 'link it"s'),
        ("a <!-- <b> > --> c <!-- open", "a c"),
        ("<![CDATA[kept]]>", "kept"),
        ("x<SCRIPT>if (a<b) c</script >y<script src=x/>z", "xyz"),
        ("<b", "<b"),
        ("<3 hearts </3", "<3 hearts </3"),
        ("", ""),
    ],
)
def test_what_a_reader_sees(raw, plain):
    assert clean(raw) == plain


@given(st.text())
def test_never_raises_and_leaves_no_control_characters(raw):
    plain = clean(raw)
    assert not any(c < " " and c not in "\n" for c in plain)
    assert "\x1b" not in plain


@given(st.text(alphabet=st.characters(blacklist_characters="<&")))
def test_is_idempotent_without_markup(raw):
    assert clean(clean(raw)) == clean(raw)


def test_unclosed_markup_takes_linear_time():
    assert clean("<b>" * 200_000 + "end") == "end"
    clean("<" * 300_000)
    clean("&" * 300_000)


@pytest.mark.parametrize("start", ["", '<a "', "<svg>"])
@pytest.mark.parametrize(
    "again", ["<!--", "<!", "<?", "<![CDATA[", "<a ", '<a x="', "</", "</script", "<script>", "&#1", "\x1b]", "\n "]
)
def test_no_markup_takes_quadratic_time(start, again):
    """A good minute each, were it so."""
    clean(start + again * (300_000 // len(again)))
