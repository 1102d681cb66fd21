"""Masks, guides and label maps: where a style acts, at each layer."""
