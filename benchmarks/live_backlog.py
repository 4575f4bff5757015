"""How fast a backlog is read and its alerts delivered, how much processor time that takes, and how much memory.

python -m benchmarks.live_backlog --articles 100000
python -m benchmarks.live_backlog --articles 1000000   # memory over a long run
"""

import argparse
import time
from dataclasses import dataclass, field

from benchmarks.live_stage import Spent, Stage, machine, resident_mb, spent, stage, wait_until_started

_LOOK_SECONDS = 0.25
_TELL_SECONDS = 5.0


@dataclass
class Measured:
    """What a run took: ``seconds`` by the clock, processor time, and ``memory`` as (articles read, MB of the run and
    its readers)."""

    seconds: float = 0.0
    spent: Spent = field(default_factory=Spent)
    memory: list[tuple[int, float]] = field(default_factory=list)

    def memory_at(self, articles: float) -> float:
        """MB when so many articles had been read."""
        return next((mb for read, mb in self.memory if read >= articles), self.memory[-1][1])


def measure(where: Stage, articles: int) -> Measured:
    """From the first round to the last alert's acknowledgement, with a line every five seconds."""
    process = where.run()
    found = Measured()
    try:
        wait_until_started(process)
        before, began, told = spent(process.pid), time.monotonic(), time.monotonic()
        while True:
            assert process.alive(), process.log()
            with where.ledger() as ledger:
                read = ledger.totals().get("articles", 0)
                waiting = sum(ledger.waiting().values())
            now = time.monotonic()
            found.memory.append((read, resident_mb(process.pid)))
            if now - told >= _TELL_SECONDS:
                told = now
                rate = read / (now - began)
                print(
                    f"  {now - began:>5.0f} s: {read:>9,} read ({rate:,.0f} a second), {waiting:,} alerts waiting, "
                    f"{found.memory[-1][1]:,.0f} MB",
                    flush=True,
                )
            if read >= articles and not waiting:
                break
            time.sleep(_LOOK_SECONDS)
        found.seconds = now - began
        found.spent = spent(process.pid) - before
    finally:
        process.kill()
    return found


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    given = parser.parse_args()
    with stage() as where:
        print(f"writing {given.articles:,} articles to the topic", flush=True)
        where.write(range(given.articles))
        about = machine()
        found = measure(where, given.articles)
    print(
        f"{given.articles:,} articles in {found.seconds:.1f} s: {given.articles / found.seconds:,.0f} a second ({about})"
    )
    each = 1e3 / given.articles
    print(
        f"processor time an article: {found.spent.run * each:.3f} ms in the run, "
        f"{found.spent.readers * each:.3f} ms in its readers"
    )
    tenth, end = found.memory_at(given.articles / 10), found.memory[-1][1]
    most = max(mb for _, mb in found.memory)
    print(
        f"memory of the run and its readers: {tenth:,.0f} MB at 10 %, {end:,.0f} MB at the end, {most:,.0f} MB at most"
    )


if __name__ == "__main__":
    main()
