"""The commands of `neural-style`, one module a command."""
