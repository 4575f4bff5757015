"""What an operator sees of a live run: metrics, health, logs and traces, all of them taken from what the run tells
(``RoundReport``, ``Trouble``) and from the ledger.

    tell -> Audience -> Metrics   -> GET /metrics
                     -> Health    -> GET /healthz, /readyz
                     -> LogLines  -> stderr
                     -> Traces    -> an OpenTelemetry collector
"""
