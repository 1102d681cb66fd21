"""Recipes of the papers' figures, one module a paper."""
