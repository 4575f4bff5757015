"""How fast an archive is replayed, how much memory that takes, and whether two replays give the same bytes.

    python benchmarks/replay_speed.py ../shared/news/archive-100k.jsonl.gz [--runs 2]

Each run is a process of its own on one core. Prints articles a second by the clock and by processor time (the second
does not suffer from what else the machine does), peak memory, and the alerts' digest.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, nargs="+")
    parser.add_argument("--runs", type=int, default=2)
    chosen = parser.parse_args()
    digests = set()
    for run in range(1, chosen.runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            alerts = Path(folder) / "alerts.jsonl"
            command = [
                sys.executable,
                "-m",
                "pipeline.cli",
                "replay",
                *map(str, chosen.archive),
                "--alerts",
                str(alerts),
            ]
            started = time.perf_counter()
            child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=_on_one_core)
            assert child.stderr is not None
            said = child.stderr.read()
            _, _, used = os.wait4(child.pid, 0)
            wall = time.perf_counter() - started
            found = re.search(r"([\d,]+) articles read", said)
            if found is None or not alerts.is_file():
                sys.exit(f"the replay failed: {said}")
            articles = int(found[1].replace(",", ""))
            digest = hashlib.sha256(alerts.read_bytes()).hexdigest()[:16]
        digests.add(digest)
        processor = used.ru_utime + used.ru_stime
        print(said.strip().splitlines()[-2])
        print(
            f"run {run}: {articles:,} articles in {wall:.1f} s ({articles / wall:,.0f}/s), {processor:.1f} s of processor "
            f"({articles / processor:,.0f}/s), start-up included; peak {used.ru_maxrss / 1024:,.0f} MB; alerts {digest}"
        )
    print("the same bytes each time" if len(digests) == 1 else "DIFFERENT BYTES")
    sys.exit(len(digests) != 1)


def _on_one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main()
