"""Trains and evaluates the weights of the signals room. Not part of the installed package."""
