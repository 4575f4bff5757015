"""``python -m pipeline.cli`` is ``policywire``."""

from pipeline.cli import main

main()
