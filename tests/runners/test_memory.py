import platform
import subprocess
import sys

import pytest

SCRIPT = """
from pathlib import Path
from pipeline.runners.memory import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

held = [bytes(1000) for _ in range(200_000)]
kept = held[::1000]  # so that the heap cannot shrink from its end alone
del held
before = resident()
give_back()
print(before - resident(), len(kept))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library, which has no such call")
def test_what_was_freed_goes_back_to_the_system():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    freed, kept = map(int, ran.stdout.split())
    assert kept == 200
    assert freed > 100_000_000
