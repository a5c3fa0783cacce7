"""The registry on disk: lock, stage, flip, prune, ledgers, owners. Nothing else writes there."""
