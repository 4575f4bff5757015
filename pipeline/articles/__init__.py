"""Articles made fit to read: plain text, canonical URL, stable identity, language."""
