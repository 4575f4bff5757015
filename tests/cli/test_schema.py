"""``policywire schema``: prints, writes and checks what the models make."""

import json

import yaml


def test_prints_each_and_lists_all(policywire):
    names = policywire("schema").out.split()
    assert "alert-event" in names
    assert json.loads(policywire("schema", "article").out)["title"] == "Article"
    assert yaml.safe_load(policywire("schema", "asyncapi").out)["asyncapi"] == "3.0.0"


def test_check_fails_until_written(policywire):
    ran = policywire("schema", "--check", "--folder", "s")
    assert ran.code == 1
    assert "--write" in ran.err
    assert policywire("schema", "--write", "--folder", "s").code == 0
    assert policywire("schema", "--check", "--folder", "s").code == 0
