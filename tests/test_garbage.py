"""Looking for garbage seldom."""

import gc

from pipeline import garbage


def test_it_looks_seldom_but_does_look() -> None:
    before = gc.get_threshold()
    try:
        gc.set_threshold(700)  # a command that ran in this process may have set it already
        garbage.seldom()
        assert gc.get_threshold()[0] > 700
        assert gc.isenabled()
    finally:
        gc.set_threshold(*before)
