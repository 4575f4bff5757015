"""What README and docs/ name is there: commands and their flags, files, settings, pages."""

import re
import shlex

import pytest

from pipeline.settings import Settings
from tests.conftest import ROOT
from tests.deploy.command_lines import expect_command

PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = ("deploy", "docs", "schemas", "seeds", "tests", "pipeline", "training", "benchmarks")


def commands(page):
    """The ``policywire`` commands of a page's indented blocks, as words."""
    text = re.sub(r"\\\n\s*", "", page.read_text())
    for line in re.findall(r"^    (?:\S+=\S+ )*(policywire .*)$", text, re.M):
        yield shlex.split(re.split(r"\s#|\s\||\s>", line)[0])[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_can_be_given_as_written(page):
    for words in commands(page):
        try:
            expect_command(words)
        except Exception as error:
            pytest.fail(f"policywire {' '.join(words)}: {error}")


def test_there_are_commands_to_look_at_and_wrong_ones_are_found():
    assert sum(len(list(commands(page))) for page in PAGES) > 30
    for wrong in (["run", "--no-such-flag"], ["deadletters", "retri"], ["feeds", "add", "--no-such-flag", "x"]):
        with pytest.raises(Exception, match="No such"):
            expect_command(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_pages_are_there(page):
    text = page.read_text()
    named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+)", text)
    linked = [path for path in re.findall(r"\]\(([^)#]+)(?:#[\w-]*)?\)", text) if "://" not in path]
    missing = [path for path in named if not (ROOT / path).exists()]
    missing += [path for path in linked if not (page.parent / path).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_are_there(page):
    groups = {
        name: field.annotation.model_fields
        for name, field in Settings.model_fields.items()
        if hasattr(field.annotation, "model_fields")
    }
    text = page.read_text()
    named = re.findall(rf"`({'|'.join(groups)})\.([a-z_]+)\b(?!/)", text)
    named += [
        (group.lower(), name.lower())
        for group, name in re.findall(r"POLICYWIRE_([A-Z]+)__([A-Z_]+)", text)
        if name != "NAME"
    ]
    assert [f"{group}.{name}" for group, name in named if name not in groups[group]] == []
