"""Bodies as they come in: compressed or not, and never more of them than allowed."""

import re
import zlib
from typing import Final

import brotli

ACCEPT_ENCODING: Final = "gzip, br"
_GZIP_MAGIC = b"\x1f\x8b\x08"
_STEP = 1 << 16


class BodyError(Exception):
    """The body is broken, too long, or of an encoding that was not asked for. The message says which."""


class BodyTooLongError(BodyError):
    """More bytes than allowed."""


class Body:
    """Collects a body from its pieces, decoding as it goes, so that a bomb of a megabyte never becomes a gigabyte."""

    def __init__(self, content_encoding: str, most: int) -> None:
        """``content_encoding`` is the header's value, ``most`` the limit in decoded bytes. Raises BodyError where the
        encoding is none that was asked for."""
        codings = [name for name in re.split(r"[,\s]+", content_encoding.lower()) if name not in ("", "identity")]
        if len(codings) > 1 or (codings and codings[0] not in ("gzip", "x-gzip", "deflate", "br")):
            raise BodyError(f"the answer is encoded as {content_encoding[:60]!r}, which was not asked for")
        self._coding = codings[0].removeprefix("x-") if codings else ""
        self._most = most
        self._parts: list[bytes] = []
        self._size = 0
        self._zlib = (
            zlib.decompressobj(47 if self._coding == "gzip" else 15) if self._coding[:1] in ("g", "d") else None
        )
        self._brotli = brotli.Decompressor() if self._coding == "br" else None
        self._started = False

    def add(self, piece: bytes) -> None:
        """Takes the next bytes from the wire. Raises BodyError."""
        if not piece:
            return
        if not self._started:
            self._started = True
            if not self._coding and piece.startswith(_GZIP_MAGIC):
                # A file with .gz in its name, served as it lies there.
                self._zlib = zlib.decompressobj(47)
            elif self._coding == "deflate" and (piece[0] & 0x0F) != 8:
                self._zlib = zlib.decompressobj(-15)  # raw, as some servers understand the word
        try:
            if self._zlib is not None:
                self._inflate(piece)
            elif self._brotli is not None:
                self._keep(self._brotli.process(piece, output_buffer_limit=_STEP))
                while not self._brotli.can_accept_more_data() and not self._brotli.is_finished():
                    self._keep(self._brotli.process(b"", output_buffer_limit=_STEP))
            else:
                self._keep(piece)
        except (zlib.error, brotli.error) as error:
            raise BodyError(f"the answer's compression is broken: {error}") from error

    def _inflate(self, piece: bytes) -> None:
        assert self._zlib is not None
        while piece and not self._zlib.eof:
            self._keep(self._zlib.decompress(piece, _STEP))
            piece = self._zlib.unconsumed_tail

    def _keep(self, decoded: bytes) -> None:
        self._size += len(decoded)
        if self._size > self._most:
            raise BodyTooLongError(f"more than {self._most:,} bytes (limits.max_document_bytes)")
        self._parts.append(decoded)

    def whole(self) -> bytes:
        """All of it, decoded. Raises BodyError where a compressed body was cut."""
        cut = (self._zlib is not None and not self._zlib.eof and self._started) or (
            self._brotli is not None and not self._brotli.is_finished() and self._started
        )
        if cut:
            raise BodyError("the answer's compressed body was cut short")
        return b"".join(self._parts)
