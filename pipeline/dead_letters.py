"""Makes dead letters: what could not be read is kept with its cause, position and bytes."""

import base64
import traceback
from hashlib import blake2b

from pipeline import __version__
from schemas import DeadLetter, Position
from schemas.terms import Cause

MAX_PAYLOAD = 64 * 1024
"""Bytes of an input that a dead letter keeps. The position leads to the rest."""


def dead_letter(
    cause: Cause,
    step: str,
    message: str,
    position: Position,
    payload: bytes,
    error: BaseException | None = None,
    *,
    size: int | None = None,
) -> DeadLetter:
    """A dead letter for ``payload``, of which the first 64 KiB are kept.

    ``size`` is the input's whole size in bytes where ``payload`` is already cut. The id is a function of cause,
    position and payload, so that the same failure met twice has the same id.
    """
    kept = payload[:MAX_PAYLOAD]
    digest = blake2b(f"{cause}\0{position}\0".encode("utf-8", "replace"), digest_size=12)
    digest.update(kept)
    return DeadLetter(
        id=digest.hexdigest(),
        cause=cause,
        step=step,
        message=message,
        error=type(error).__name__ if error is not None else "",
        trace="".join(traceback.format_exception(error)[-3:])[:2000]
        if error is not None and cause == "internal"
        else "",
        position=position,
        payload=base64.b64encode(kept).decode("ascii"),
        payload_size=len(payload) if size is None else size,
        version=__version__,
    )
