"""The errors policywire raises on purpose. Each carries a message for a person that names the input and the remedy.

The command line prints the message on stderr and exits with ``exit_code``; a trace is shown only with ``--debug``.
"""


class PolicywireError(Exception):
    """Something failed that a person can mend."""

    exit_code = 1


class UsageError(PolicywireError):
    """A command, flag or setting was wrong; nothing was done."""

    exit_code = 2


class InputError(PolicywireError):
    """An input as a whole cannot be read: missing, unreadable, or of no known kind."""


class OutputError(PolicywireError):
    """An output cannot be written."""


class LedgerError(PolicywireError):
    """The ledger cannot be opened, read or written, or another runner has it."""


class SourceUnavailableError(PolicywireError):
    """A source cannot be reached at the moment; it is worth another try."""


class KafkaUnavailableError(SourceUnavailableError):
    """A broker or a topic cannot be reached at the moment."""


class KafkaRefusedError(PolicywireError):
    """A broker is there and will not have us: credentials, permissions or TLS. Trying again does not help."""
