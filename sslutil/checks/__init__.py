"""Findings: what facts show to be wrong, each with its words."""
