"""How often Python looks for garbage in cycles."""

import gc

# Objects made since the last look. By default it looks every 700; what is loaded at the start (Beam, vocabularies, weights)
# stays, and to look through it again and again took a quarter of the start's time.
_EACH = 50_000


def seldom() -> None:
    """Makes this process look seldom: reading leaves no cycles behind. To be called first thing in a program."""
    gc.set_threshold(_EACH)
