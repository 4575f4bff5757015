"""Closed streams, encodings of few characters and paths that can be none: one line, and never a trace."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SEEDS = ROOT / "seeds"
LONG = "x" * 300


def process(folder, *arguments, preexec_fn=None, **environment):
    """``policywire`` as a process of its own, for what this one's streams must not suffer."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        check=False,
        preexec_fn=preexec_fn,
    )


@pytest.mark.parametrize("arguments", [("replay", SEEDS, "--json"), ("schema", "alert"), ("--help",)])
def test_a_stdout_that_is_closed_is_one_line(tmp_path, arguments):
    ran = process(tmp_path, *arguments, preexec_fn=lambda: os.close(1))
    assert (ran.returncode, len(ran.stderr.splitlines())) == (1, 1)
    assert b"stdout" in ran.stderr


def test_a_closed_stdout_does_not_matter_where_nothing_is_printed(tmp_path):
    ran = process(tmp_path, "replay", SEEDS, "--alerts", "alerts.jsonl", preexec_fn=lambda: os.close(1))
    assert (ran.returncode, b"Error" in ran.stderr) == (0, False)
    assert len((tmp_path / "alerts.jsonl").read_bytes().splitlines()) > 1


@pytest.mark.parametrize("arguments", [("--json",), ("--table",), ()])
def test_an_encoding_of_few_characters_does_not_break_the_output_off(tmp_path, arguments):
    title = "ECB raises interest rates by 50 bp to 2.5\u00a0% \u2013 first rise since 2011 \U0001f4c8"
    (tmp_path / "a.jsonl").write_text(json.dumps({"title": title, "text": "The European Central Bank raised rates."}))
    ran = process(tmp_path, "replay", "a.jsonl", *arguments, PYTHONIOENCODING="ascii")
    assert ran.returncode == 0, ran.stderr
    assert rb"\u2013" in ran.stdout
    if "--json" in arguments:
        assert json.loads(ran.stdout)["data"]["article"]["title"] == title.replace("\u00a0", " ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", LONG),
        ("replay", LONG),
        ("replay", SEEDS, "--alerts", LONG),
        ("classify", LONG),
        ("feeds", "import", LONG),
        ("deadletters", "list", "--ledger", LONG),
        ("replay", SEEDS, "--alerts", "."),
        ("replay", SEEDS, "--report", "/"),
        ("classify", SEEDS / "archive.jsonl", "-o", "."),
        ("feeds", "export", "."),
        ("run", "--topic", "t", "--ledger", "."),
        ("feeds", "list", "--ledger", "."),
    ],
)
def test_a_path_that_cannot_be_one_is_one_line(policywire, tmp_path, arguments):
    ran = policywire(*arguments)
    assert ran.code in (1, 2)
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("policywire: ")
    assert list(tmp_path.iterdir()) == []
