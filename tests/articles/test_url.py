import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.articles.url import canonical


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("HTTP://Example.COM:80/a", "http://example.com/a"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://example.com/a/../b/./c", "https://example.com/b/c"),
        ("https://example.com/a?utm_source=x&id=7&fbclid=q", "https://example.com/a?id=7"),
        ("https://example.com/?b=2&a=1", "https://example.com/?a=1&b=2"),
        ("https://example.com/a#top", "https://example.com/a"),
        ("https://example.com/%7Euser/%e4%b8%ad", "https://example.com/~user/%E4%B8%AD"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.com/a%2fb", "https://example.com/a%2Fb"),
        (" https://user:secret@example.com/ ", "https://example.com/"),
        ("javascript:alert(1)", ""),
        ("ftp://example.com/", ""),
        ("http://[::1", ""),
        ("http://example.com:99999/", ""),
        ("", ""),
    ],
)
def test_one_address_for_one_page(url, same):
    assert canonical(url) == same


@given(st.text())
def test_never_raises(text):
    canonical(text)
    canonical("http://" + text)


paths = st.text(alphabet="abc/%.~ é2Ff", max_size=20)
pairs = st.lists(st.tuples(st.text("abc&=", min_size=1, max_size=4), st.text("xyz%+ é", max_size=4)), max_size=5)


@given(paths, st.text("ab=&%+é", max_size=15))
def test_is_idempotent(path, query):
    once = canonical(f"https://example.com/{path}?{query}")
    assert canonical(once) == once


@given(pairs, st.randoms())
def test_the_order_of_parameters_does_not_matter(parameters, rng: random.Random):
    from urllib.parse import urlencode

    shuffled = list(parameters)
    rng.shuffle(shuffled)
    base = "https://example.com/?"
    assert canonical(base + urlencode(parameters)) == canonical(base + urlencode(shuffled))
