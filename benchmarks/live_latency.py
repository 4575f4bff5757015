"""From an article's production to its alert's consumption, at a steady rate.

python -m benchmarks.live_latency --rate 200 --seconds 60
"""

import argparse
import json
import statistics
import threading
import time

from benchmarks.live_stage import Stage, article, machine, stage, wait_until_started
from pipeline.kafka.clients import producer


def measure(where: Stage, rate: float, seconds: float) -> list[float]:
    """Latencies of all alerts, in seconds, those of the first five seconds left out."""
    sent: dict[str, float] = {}
    latencies: dict[str, float] = {}
    total = int(rate * seconds)
    wanted = {f"article-{n}" for n in range(0, total, 20)}
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
        began = time.monotonic()
        for number in range(total):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            sent[f"article-{number}"] = time.monotonic()
            client.send("news", article(number), key=str(number).encode())
        client.close()
        consuming.join(60)
    finally:
        done.set()
        process.kill()
    assert latencies.keys() == wanted, f"{len(wanted) - len(latencies)} alerts never came"
    warm = int(rate * 5)
    return [latencies[f"article-{n}"] for n in range(0, total, 20) if n >= warm]


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0, help="articles a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    with stage() as where:
        about = machine()
        found = measure(where, given.rate, given.seconds)
    cuts = statistics.quantiles(found, n=100)
    print(
        f"{given.rate:.0f} articles a second for {given.seconds:.0f} s, {len(found)} alerts: p50 {cuts[49]:.3f} s, "
        f"p95 {cuts[94]:.3f} s, p99 {cuts[98]:.3f} s, longest {max(found):.3f} s  ({about})"
    )


if __name__ == "__main__":
    main()
