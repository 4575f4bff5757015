"""The command line as a whole: help, version, exit codes, and no heavy import on the way to the help."""

import os
import subprocess
import sys

import pytest

from pipeline.cli import app
from tests.conftest import ROOT

COMMANDS = sorted(command.name for command in app.registered_commands if command.name)
GROUPS = sorted(group.name for group in app.registered_groups if group.name)
SEEDS = ROOT / "seeds"


@pytest.mark.parametrize("command", COMMANDS + GROUPS)
def test_every_command_explains_itself_with_examples(policywire, command):
    ran = policywire(command, "--help")
    assert ran.code == 0
    assert f"policywire {command}" in ran.out
    assert "Example" in ran.out


def test_help_lists_the_commands(policywire):
    ran = policywire("--help")
    assert ran.code == 0
    for command in COMMANDS:
        assert command in ran.out


def test_help_imports_neither_beam_nor_the_models():
    code = (
        "import sys, pipeline.cli\n"
        "heavy = {'apache_beam', 'numpy', 'ahocorasick', 'pydantic', 'feedparser', 'kafka', 'httpx'} & set(sys.modules)\n"
        "sys.exit(f'imported on the way to --help: {heavy}' if heavy else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_version(policywire):
    ran = policywire("--version")
    assert ran.code == 0
    assert ran.out.startswith("policywire ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("replay", "--nonsense"),
        ("replay",),
        ("schema", "nonsense"),
        ("replay", "x", "--show", "-1"),
        ("feeds", "nonsense"),
        ("run", "--poll", "soon"),
        ("subscribe", "kafka://localhost:1/alerts", "--jurisdiction", "china"),
    ],
)
def test_wrong_use_exits_2_and_says_why_in_one_line(policywire, arguments):
    ran = policywire(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("policywire: ")


def test_a_wrong_flag_is_named_with_the_command_that_knows_the_right_ones(policywire):
    ran = policywire("run", "--fedes", "x")
    assert ran.err.startswith("policywire: No such option: --fedes")
    assert ran.err.endswith("see `policywire run --help`\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("explain", ""), "explain"),
        (("replay", " "), "replay"),
        (("replay", "x", "--alerts", ""), "--alerts"),
        (("replay", "x", "--alerts="), "--alerts"),
    ],
)
def test_an_empty_argument_is_not_taken_for_the_current_folder(policywire, arguments, named):
    ran = policywire(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert named in ran.err
    assert "empty" in ran.err


@pytest.mark.parametrize("arguments", [(), ("feeds",)])
def test_no_command_at_all_shows_the_help(policywire, arguments):
    ran = policywire(*arguments)
    assert (ran.code, ran.err) == (2, "")
    assert "Usage" in ran.out


def test_a_bad_setting_is_wrong_use(policywire, tmp_path):
    (tmp_path / "policywire.toml").write_text("leger = 1")
    (tmp_path / "a.txt").write_text("x")
    ran = policywire("replay", "a.txt")
    assert ran.code == 2
    assert "leger" in ran.err


def test_a_named_settings_file_must_exist(policywire, tmp_path):
    (tmp_path / "a.txt").write_text("x")
    ran = policywire("--config", "none.toml", "replay", "a.txt")
    assert ran.code == 2
    assert "none.toml" in ran.err


def test_completion_is_offered(policywire):
    ran = policywire("--help")
    assert "--show-completion" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay", SEEDS, "--json"),
        ("replay", SEEDS, "--table"),
        ("classify", SEEDS / "archive.jsonl"),
        ("explain", SEEDS / "archive.jsonl"),
        ("schema", "alert"),
        ("--help",),
    ],
)
def test_a_reader_that_goes_away_is_no_error(tmp_path, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert ran.returncode == 0
    assert all("articles read" in line for line in ran.stderr.splitlines())
