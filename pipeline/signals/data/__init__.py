"""Tables and weights of the signals room."""
