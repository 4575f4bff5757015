"""Kafka: its settings, addresses such as ``kafka://HOST:PORT/topic``, and clients with safe defaults.

Everything that talks to a broker gets its client here, and so its defaults, its security and its words for errors.
"""
