"""Text ↔ values of every TOML file of ours."""
