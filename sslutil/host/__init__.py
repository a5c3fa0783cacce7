"""What only the machine knows: other programs, accounts, its own name and versions."""
