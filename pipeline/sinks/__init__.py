"""Where alerts and dead letters go."""
