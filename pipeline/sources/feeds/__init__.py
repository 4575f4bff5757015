"""Feeds: RSS, RDF, Atom and JSON Feed documents, and how they are fetched politely and safely."""
