"""Videos: style that follows the motion, film in and film out.

Importing this package starts no backend and needs neither PyAV nor OpenCV; its parts import them when they are used.
"""
