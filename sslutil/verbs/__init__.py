"""One file a verb: a request in, a frozen answer out."""
