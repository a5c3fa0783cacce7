"""python -m sslutil."""

from sslutil.cli import run

run()
