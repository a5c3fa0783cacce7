"""The network: the only room that opens a socket."""
