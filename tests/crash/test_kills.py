import pytest

from tests.crash.kills import Play, play


@pytest.mark.kafka
def test_kills_and_an_outage_lose_and_double_nothing(tmp_path):
    """The long version, with 30 kills and 5 outages over 50,000 articles, is ``python -m tests.crash.kills``."""
    account = play(Play(articles=3_000, kills=4, outages=1, rate=150), tmp_path)
    assert account.faults() == []
    assert account.kills == 4
    assert account.outages == 1
    assert account.expected == 297
