"""The ledger's schema, one numbered SQL file a version; each brings the one before it forward."""
