"""Secrets: given as themselves, or as where they lie. What is pickled never holds one.

A streaming job's graph is written down where others can read it (on Dataflow, in a bucket), and settings are part of
it. So settings with secrets pickle with a reference in the place of each, and a worker looks the secret up when it
needs it:

    env:NAME                                     an environment variable of the worker, else its policywire.toml
    file:PATH                                    a file, as Docker and Kubernetes mount secrets
    gcp:projects/P/secrets/S[/versions/V]        Google Secret Manager, with the extra ``gcp``
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from pipeline.errors import PolicywireError, UsageError

PREFIX = "POLICYWIRE_"
_SCHEMES = ("env", "file", "gcp")
_GCP = re.compile(r"projects/[a-z0-9:.-]+/secrets/[A-Za-z0-9_-]+(?P<version>/versions/[A-Za-z0-9_-]+)?")
_LONGEST = 64 << 10


class Secret:
    """A secret, or a reference to it. Shown as asterisks. Only a reference is pickled.

    As a pydantic field it takes a text or a Secret.
    """

    __slots__ = ("_given",)

    def __init__(self, given: str) -> None:
        """Raises ValueError where ``given`` begins as a reference and is none."""
        scheme, _, rest = given.partition(":")
        if scheme == "gcp" and not _GCP.fullmatch(rest):
            raise ValueError("write gcp:projects/PROJECT/secrets/NAME, or that and /versions/VERSION")
        if scheme in _SCHEMES and not rest:
            raise ValueError(f"behind {scheme}: stands nothing")
        self._given = given

    @property
    def reference(self) -> str | None:
        """Where the secret lies; None: it was given as itself."""
        return self._given if self._given.partition(":")[0] in _SCHEMES else None

    def get_secret_value(self) -> str:
        """The secret itself, looked up now. Raises UsageError, in one line, naming what is missing where."""
        scheme, _, rest = self._given.partition(":")
        match scheme:
            case "env":
                return _from_environment(rest)
            case "file":
                return _from_file(Path(rest))
            case "gcp":
                return _from_google(rest)
        return self._given

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._given == other._given

    def __hash__(self) -> int:
        return hash(self._given)

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __deepcopy__(self, memo: Any) -> "Secret":
        return self

    def __reduce__(self) -> Any:
        if self.reference is None:
            raise TypeError("a secret is not pickled: pickle the settings that hold it")
        return Secret, (self._given,)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        shown = core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        return core_schema.no_info_plain_validator_function(_secret, serialization=shown)


def _secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value)
    raise ValueError("a secret is a text")


class SecretSettings(BaseModel):
    """Settings some of which are secrets. In a pickled copy, a secret that was given as itself is the reference to the
    environment variable in which a worker is to find it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: ClassVar[str]
    """Under which key of policywire's settings these stand."""

    def __getstate__(self) -> dict[Any, Any]:
        """What is pickled."""
        state = super().__getstate__()
        return {**state, "__dict__": {name: self._travelling(name, v) for name, v in state["__dict__"].items()}}

    def _travelling(self, name: str, value: object) -> object:
        if not isinstance(value, Secret) or value.reference:
            return value
        return Secret("env:" + f"{PREFIX}{self.key}__{name}".upper())

    def given_as_themselves(self) -> list[str]:
        """The settings whose secrets were given as themselves, as ``key.name``."""
        return [
            f"{self.key}.{name}"
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Secret) and not value.reference
        ]


def _from_environment(variable: str) -> str:
    value = os.environ.get(variable)
    if value is None:
        value = _from_settings_file(variable)
    if value is None:
        raise UsageError(
            f"{variable} is not set here: set it in the environment of every worker (docs/deploy.md, Secrets)"
        )
    if value.startswith("env:"):
        raise UsageError(f"{variable} refers to another variable: set it to the secret, or to file:PATH or gcp:NAME")
    return Secret(value).get_secret_value()


def _from_settings_file(variable: str) -> str | None:
    from pipeline.settings import config_file  # which is made of this module

    if not variable.startswith(PREFIX):
        return None
    try:
        found: Any = tomllib.loads(config_file().read_text(encoding="utf-8"))
        for part in variable.removeprefix(PREFIX).lower().split("__"):
            found = found[part]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            text = stream.read(_LONGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "not UTF-8"
        raise UsageError(f"no secret in {path} ({words}): mount it there for every worker") from error
    return text.removesuffix("\n").removesuffix("\r")


def _from_google(name: str) -> str:
    try:
        from google.cloud import secretmanager
    except ImportError as error:
        raise UsageError(f"gcp:{name} needs Google Cloud's clients: pip install 'policywire[gcp]'") from error
    found = _GCP.fullmatch(name)
    version = name if found and found["version"] else f"{name}/versions/latest"
    try:
        answer = secretmanager.SecretManagerServiceClient().access_secret_version(name=version)
    except Exception as error:
        words = " ".join(str(error).split())[:200]
        raise PolicywireError(
            f"cannot read gcp:{version} ({words}): grant roles/secretmanager.secretAccessor to the workers' account"
        ) from error
    return str(answer.payload.data.decode("utf-8"))
