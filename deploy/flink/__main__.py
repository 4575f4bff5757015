"""``python -m deploy.flink``: Beam's job server with a Flink in it, until Ctrl-C."""

import argparse
import signal
import sys

from deploy.flink.job_server import JobServer, JobServerError
from deploy.maven import JarsError


def main() -> int:
    """0: ended by a signal; 1: it could not be started."""
    parser = argparse.ArgumentParser(prog="python -m deploy.flink", description=__doc__)
    parser.add_argument("--port", type=int, default=8099, help="of the job service (default: %(default)s)")
    port = parser.parse_args().port
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with JobServer(port) as server:
            print(f"taking jobs at {server.endpoint}; Ctrl-C ends it", file=sys.stderr, flush=True)
            signal.pause()
    except (JarsError, JobServerError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
