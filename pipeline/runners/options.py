"""Options of Beam and of its runners, as a user gives them by --runner-option."""

import io
import re
from collections.abc import Sequence
from contextlib import redirect_stderr
from difflib import get_close_matches
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.errors import UsageError

_OPTION = re.compile(r"--(?!help\b)\w[\w-]*(=.*)?", re.DOTALL)


def check_options(given: Sequence[str]) -> None:
    """Raises UsageError where one of ``given`` is not written as an option is."""
    for option in given:
        if not _OPTION.fullmatch(option):
            raise UsageError(
                f"--runner-option {option[:100]!r}: write it --NAME=VALUE, such as --environment_type=LOOPBACK"
            )


class RunnerOptions(PipelineOptions):
    """Beam's options, in which a mistake is a UsageError: Beam prints a usage text and exits where a value will not do,
    and goes on where it does not know a name."""

    def get_all_options(self, *args: Any, retain_unknown_options: bool = False, **how: Any) -> dict[str, Any]:
        """As Beam does, who calls this also when a job server has told the names of its own options. Raises UsageError
        where a value will not do, and, without ``retain_unknown_options``, where a name is not known."""
        known = self._parsed(*args, **how, retain_unknown_options=retain_unknown_options)
        if not retain_unknown_options:
            unknown = self._parsed(*args, **how, retain_unknown_options=True).keys() - known.keys()
            for name in sorted(unknown):
                close = get_close_matches(name, known, n=1)
                remedy = f"did you mean --{close[0]}?" if close else "correct it or leave it out"
                raise UsageError(f"--runner-option --{name}: neither Beam nor the runner has such an option; {remedy}")
        return known

    def _parsed(self, *args: Any, **how: Any) -> dict[str, Any]:
        try:
            with redirect_stderr(io.StringIO()) as said:
                return super().get_all_options(*args, **how)  # type: ignore[no-any-return]
        except SystemExit:
            wrong = said.getvalue().partition(": error: ")[2].strip().removeprefix("argument ")
            raise UsageError(f"--runner-option {wrong}; correct it or leave it out") from None
