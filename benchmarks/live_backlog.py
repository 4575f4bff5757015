"""How fast a backlog is read and its alerts delivered, and how much memory that takes.

python -m benchmarks.live_backlog --articles 100000
python -m benchmarks.live_backlog --articles 1000000   # memory over a long run
"""

import argparse
import time

from benchmarks.live_stage import Stage, machine, resident_mb, stage, wait_until_started


def measure(where: Stage, articles: int) -> tuple[float, list[tuple[int, float]]]:
    """Seconds from the first round to the last alert's acknowledgement, and (articles read, memory in MB) ten times, printed as they come."""
    process = where.run(POLICYWIRE_LIVE__ROUND_ARTICLES="20000")
    wait_until_started(process)
    began = time.monotonic()
    memory: list[tuple[int, float]] = []
    while True:
        assert process.alive(), process.log()
        with where.ledger() as ledger:
            read = ledger.totals().get("articles", 0)
            waiting = ledger.waiting()
        if read >= articles * (len(memory) + 1) / 10:
            memory.append((read, resident_mb(process.pid)))
            print(f"  {read:>9,} read in {time.monotonic() - began:,.0f} s: {memory[-1][1]:,.0f} MB", flush=True)
        if read >= articles and not waiting:
            break
        time.sleep(0.2)
    seconds = time.monotonic() - began
    process.kill()
    return seconds, memory


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    given = parser.parse_args()
    with stage() as where:
        where.write(range(given.articles))
        about = machine()
        seconds, memory = measure(where, given.articles)
    print(f"{given.articles:,} articles in {seconds:.1f} s: {given.articles / seconds:,.0f} a second  ({about})")
    print(f"memory from {min(m for _, m in memory):,.0f} to {max(m for _, m in memory):,.0f} MB")


if __name__ == "__main__":
    main()
