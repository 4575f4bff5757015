"""How the graph is run: replays, rounds on DirectRunner, streaming runners."""
