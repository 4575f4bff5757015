"""``policywire company``: entries, reasons, and the check of a user's file."""

import json


def test_an_entry_by_brand_and_by_ticker(policywire):
    ran = policywire("company", "Douyin")
    assert ran.code == 0
    assert "ByteDance" in ran.out
    assert "TikTok  (service)" in ran.out
    assert "Alibaba" in policywire("company", "NYSE:BABA").out


def test_why_a_text_matched(policywire):
    ran = policywire("company", "Nokia", "--text", "Regulator fines Nokia over licences")
    assert ran.code == 0
    assert "'Nokia' -> Nokia: named" in ran.out
    ran = policywire("company", "Shell", "--text", "A shell was found on the beach")
    assert "does not name it" in ran.out


def test_all_that_a_text_names(policywire, tmp_path):
    path = tmp_path / "article.txt"
    path.write_text("Nokia and startup Zorbling agree a deal\nThe rest.", encoding="utf-8")
    read = json.loads(policywire("company", "--file", path, "--json").out)
    assert {"Nokia", "Zorbling"} <= {match["name"] for match in read["matches"]}
    assert all(match["reasons"] for match in read["matches"])


def test_an_unknown_name_gets_similar_ones(policywire):
    ran = policywire("company", "Alibbaba")
    assert ran.code == 1
    assert "Alibaba" in ran.err


def test_nothing_asked(policywire):
    assert policywire("company").code == 2


def test_check_of_a_users_file(policywire, tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("name\tticker\tcountry\tsector\tparent\taliases\nZorbex\t\t\t\t\tZbx Works\n", encoding="utf-8")
    assert "1 companies, 2 names, no errors" in policywire("company", "--check", path).out
    path.write_text("name\tticker\tcountry\tsector\tparent\taliases\nZorbex\tZBX\n", encoding="utf-8")
    ran = policywire("company", "--check", path)
    assert ran.code == 1
    assert "own.tsv:2: ticker 'ZBX' is not EXCHANGE:SYMBOL" in ran.err
