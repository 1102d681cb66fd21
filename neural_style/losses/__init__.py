"""Losses and the statistics they compare: pure functions of tensors, without state, weights of terms or file access.

Every function takes a batch and keeps its pictures apart: features are (N, h, w, C), a Gram matrix of them is
(N, C, C), and a loss is (N,), one value per picture. A target is (N, ...), one for each picture, or (1, ...), one for
all of them. An optimisation has N = 1. Results have the precision of the arguments, so tests can run in float64.

Shapes are checked when a function is called eagerly or traced, which costs nothing in a compiled program; a wrong one
raises `InvalidInputError`.
"""
