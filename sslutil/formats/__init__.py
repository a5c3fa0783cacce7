"""Results → the text that another program reads: one format in each module."""
