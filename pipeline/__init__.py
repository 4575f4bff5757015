"""policywire: reads news, classifies policy signals, names the companies, and emits alerts."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("policywire")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0.0.0+source"
