"""Noise, sharpness, size and brightness of a picture, before and after it is painted.

Steps are named in a text such as `"denoise upscale:4 rows:1024 sharpen"`, see `neural_style.enhancement.steps`; each is
a function of a `Picture` in one of the other modules.
"""
