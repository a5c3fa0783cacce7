"""Keys, certificates and requests: values in, bytes out; no files, no clock, no output.

The only rooms that import the `cryptography` package at the top; so they are imported in function bodies elsewhere.
"""
