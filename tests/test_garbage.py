"""Looking for garbage seldom."""

import gc

from pipeline import garbage


def test_it_looks_seldom_but_does_look() -> None:
    before = gc.get_threshold()
    try:
        garbage.seldom()
        assert gc.get_threshold()[0] > before[0]
        assert gc.isenabled()
    finally:
        gc.set_threshold(*before)
