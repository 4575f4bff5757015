"""Where articles come from: archives, feeds, Kafka. Each source yields articles or dead letters, never an exception."""
