"""From an article's production to its alert's consumption, at a steady rate.

python -m benchmarks.live_latency --rate 200 --seconds 60
"""

import argparse
import json
import statistics
import threading
import time
from dataclasses import dataclass

from benchmarks.live_stage import Stage, article, machine, resident_mb, stage, wait_until_started
from pipeline.kafka.clients import producer

WARM_SECONDS = 5.0
"""What is sent before is not counted: connections are made, caches are cold."""
_TELL_SECONDS = 5.0
_PATIENCE = 60.0


@dataclass
class Measured:
    """Latencies in seconds of the alerts that came, in the order of their articles; how many never came; memory in MB
    of the run and its readers when the warm-up was over, and at the end."""

    latencies: list[float]
    missing: int
    memory: tuple[float, float]


def measure(where: Stage, rate: float, seconds: float) -> Measured:
    """Sends at ``rate``, with a line every five seconds, and waits for what is still under way."""
    sent: dict[str, float] = {}
    latencies: dict[str, float] = {}
    total = int(rate * seconds)
    wanted = [f"article-{n}" for n in range(0, total, 20)]
    done = threading.Event()

    def consume() -> None:
        reader = where.alerts()
        while not done.is_set() and len(latencies) < len(wanted):
            for batch in reader.poll(timeout_ms=20).values():
                now = time.monotonic()
                for message in batch:
                    name = json.loads(message.value)["article"]["id"]
                    latencies.setdefault(name, now - sent[name])
        reader.close()

    process = where.run("--poll", "0.05")
    consuming = threading.Thread(target=consume, daemon=True)
    try:
        wait_until_started(process)
        time.sleep(3)
        consuming.start()
        client = producer(where.settings, linger_ms=2)
        began = told = time.monotonic()
        memory = 0.0
        for number in range(total):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            sent[f"article-{number}"] = now = time.monotonic()
            client.send("news", article(number), key=str(number).encode())
            if not memory and now - began >= WARM_SECONDS:
                memory = resident_mb(process.pid)
            if now - told >= _TELL_SECONDS:
                told, so_far = now, list(latencies.values())
                middle = f", median {statistics.median(so_far):.3f} s" if so_far else ""
                print(f"  {now - began:>5.0f} s: {number:,} sent, {len(so_far):,} alerts came{middle}", flush=True)
        client.close()
        consuming.join(_PATIENCE)
        assert process.alive(), process.log()
        memory_end = resident_mb(process.pid)
    finally:
        done.set()
        process.kill()
    warm = [name for name in wanted[int(rate * WARM_SECONDS / 20) :] if name in latencies]
    return Measured([latencies[name] for name in warm], len(wanted) - len(latencies), (memory, memory_end))


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0, help="articles a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="at least 15")
    given = parser.parse_args()
    with stage() as where:
        about = machine()
        found = measure(where, given.rate, max(15.0, given.seconds))
    cuts = statistics.quantiles(found.latencies, n=100)
    print(
        f"{given.rate:.0f} articles a second, {len(found.latencies)} alerts: p50 {cuts[49]:.3f} s, p95 {cuts[94]:.3f} s, "
        f"p99 {cuts[98]:.3f} s, longest {max(found.latencies):.3f} s  ({about})"
    )
    print(f"memory of the run and its readers: {found.memory[0]:,.0f} MB warm, {found.memory[1]:,.0f} MB at the end")
    if found.missing:
        print(
            f"{found.missing} alerts did not come within {_PATIENCE:.0f} s: the machine cannot keep up with this rate"
        )
        raise SystemExit(1)


if __name__ == "__main__":
    main()
