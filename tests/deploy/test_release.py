"""deploy/release, in a copy of the project with a history of its own: what it refuses, what it builds."""

import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

VERSION = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]  # type: ignore[index]
WHEEL = f"policywire-{VERSION}-py3-none-any.whl"


def git(folder, *arguments):
    identity = (
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "safe.directory=*",
    )
    return subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, check=True).stdout.decode()


@pytest.fixture
def project(tmp_path):
    """The project as it would be released: committed, its entry in the changelog dated."""
    folder = tmp_path / "project"
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    changelog = folder / "CHANGELOG.md"
    changelog.write_text(
        re.sub(rf"^## {re.escape(VERSION)}.*$", f"## {VERSION} (2026-01-31)", changelog.read_text(), flags=re.M)
    )
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


def release(folder: Path, *arguments: str):
    command = [str(folder / "deploy" / "release"), "--out", str(folder.parent / "out"), *arguments]
    return subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)


def test_what_is_ready_passes_the_check(project):
    ran = release(project, "check")
    assert ran.returncode == 0, ran.stderr
    assert f"check: {VERSION}, schemas " in ran.stderr


def dirty(folder):
    (folder / "new").touch()


def no_entry(folder):
    path = folder / "CHANGELOG.md"
    path.write_text(path.read_text().replace(f"## {VERSION} ", "## 0.0.9 "))
    git(folder, "commit", "-qam", "x")


def no_date(folder):
    path = folder / "CHANGELOG.md"
    path.write_text(path.read_text().replace("(2026-01-31)", "(unreleased)"))
    git(folder, "commit", "-qam", "x")


def tagged_before(folder):
    git(folder, "tag", f"v{VERSION}")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")


def schemas_not_kept(folder):
    path = folder / "schemas" / "base.py"
    path.write_text(re.sub(r'SCHEMA_VERSION = ".*"', 'SCHEMA_VERSION = "9.0.0"', path.read_text()))
    git(folder, "commit", "-qam", "x")


def not_locked(folder):
    path = folder / "pyproject.toml"
    path.write_text(path.read_text().replace('  "brotli>=1.1",', '  "brotli>=1.1",\n  "another-package>=1",'))
    git(folder, "commit", "-qam", "x")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (dirty, "the tree is not clean"),
        (no_entry, f"no entry for {VERSION}: write '## {VERSION} ("),
        (no_date, "has no date"),
        (tagged_before, "is tagged already, at another commit"),
        (schemas_not_kept, "the schemas 9.0.0 are not kept"),
        (not_locked, "lacks another-package: make lock"),
    ],
)
def test_what_is_not_ready_is_refused_and_said(project, spoil, words):
    spoil(project)
    ran = release(project, "check")
    assert ran.returncode == 1
    assert words in ran.stderr.splitlines()[-1]
    draft = release(project, "--draft", "check")
    assert draft.returncode == 0
    assert words in draft.stderr


def test_an_unknown_step_is_wrong_use(project):
    ran = release(project, "upload")
    assert ran.returncode == 2
    assert "'upload'" in ran.stderr
    assert not (project.parent / "out").exists()


def test_it_builds_tries_and_lists_what_is_released(project):
    ran = release(project, "build", "try", "sbom", "sums")
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"try: [1-9]\d* alerts from the seeds", ran.stderr)
    out = project.parent / "out"
    names = set(zipfile.ZipFile(out / WHEEL).namelist())
    assert {
        "pipeline/signals/data/weights.npz",
        "pipeline/ledger/migrations/001_first.sql",
        "schemas/asyncapi.yaml",
    } <= names
    bill = json.loads((out / f"policywire-{VERSION}.cdx.json").read_text())
    components = {component["name"]: component["version"] for component in bill["components"]}
    assert bill["bomFormat"] == "CycloneDX"
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "deploy" / "requirements.lock").read_text(), re.M))
    assert components["apache-beam"] == locked["apache-beam"]
    assert "pytest" not in components
    sums = dict(reversed(line.split("  ")) for line in (out / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {WHEEL, f"policywire-{VERSION}.tar.gz", f"policywire-{VERSION}.cdx.json"}
    assert all(hashlib.sha256((out / name).read_bytes()).hexdigest() == digest for name, digest in sums.items())


def test_a_wheel_that_lacks_a_file_is_not_released(project):
    path = project / "pyproject.toml"
    wheel = "[tool.hatch.build.targets.wheel]\n"
    path.write_text(path.read_text().replace(wheel, f'{wheel}exclude = ["*.tsv"]\n'))
    git(project, "commit", "-qam", "x")
    ran = release(project, "build")
    assert ran.returncode == 1
    assert "the wheel lacks pipeline/companies/tables/brands.tsv" in ran.stderr
