"""Masks, what becomes of them at each layer of a network, and label maps."""
