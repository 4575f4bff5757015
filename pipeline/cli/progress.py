"""A progress bar, where a person looks."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def bar(files: list[Path], messages: int = 0) -> Iterator[Callable[[], None]]:
    """Shows on stderr how far the reading of ``files`` and ``messages`` has come, if stderr is a terminal. Yields what ends the bar."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from pipeline.progress import PROGRESS

    total = sum(file.stat().st_size for file in files) + messages
    columns = (
        TextColumn("reading"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[articles]:,} articles"),
        TimeRemainingColumn(),
    )
    stop = threading.Event()
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task("reading", total=total or 1, articles=0)

        def follow() -> None:
            while not stop.wait(0.2):
                display.update(task, completed=PROGRESS.done, articles=PROGRESS.articles)

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()

        def done() -> None:
            if not stop.is_set():
                stop.set()
                thread.join()
                display.stop()

        try:
            yield done
        finally:
            done()
