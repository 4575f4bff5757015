"""Where outputs go: files that appear whole, and places that are no files."""

import os
import threading
from pathlib import Path

import pytest

from pipeline.cli.output import whole_file
from pipeline.errors import OutputError


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    file = tmp_path / "new" / "x"
    with whole_file(file) as stream:
        stream.write(b"one")
        assert not file.exists()
    with pytest.raises(ZeroDivisionError), whole_file(file) as stream:
        stream.write(b"two" * (1 // 0))
    assert file.read_bytes() == b"one"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("there", [True, False])
def test_a_symlink_stays_and_its_target_is_written(tmp_path, there):
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    target.parent.mkdir()
    if there:
        target.write_bytes(b"old")
    link.symlink_to("folder/target")
    with whole_file(link) as stream:
        stream.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_named_pipe_is_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with whole_file(pipe) as stream:
        stream.write(b"through")
    reader.join(10)
    assert received == [b"through"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_stdout_has_its_names(capfd, name):
    with whole_file(Path(name)) as stream:
        stream.write(b"data\n")
    assert capfd.readouterr().out == "data\n"


@pytest.mark.parametrize("place", [".", "/", "file/x", "x" * 300])
def test_a_place_that_cannot_be_written_is_named(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(OutputError, match=f"cannot write {place}: "), whole_file(Path(place)):
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
