"""The confined side of the sandbox: a small fork server and the programs it runs. Standard library only."""
