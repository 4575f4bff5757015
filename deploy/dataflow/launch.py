"""What Dataflow's template launcher runs: parameters of the template as flags, the rest options of Beam."""

import sys

from pipeline.runners.dataflow import launch_template

if __name__ == "__main__":
    sys.exit(launch_template(sys.argv[1:]))
