"""Pure functions of tensors: no state, no weights of terms, no file access.

They keep the precision of their input, so that a test may run them in float64.
"""
