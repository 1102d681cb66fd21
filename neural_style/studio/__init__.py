"""The studio: pictures are asked for by requests, painted as jobs in a queue, and kept in a folder.

Modules here know nothing of the web page, except `app` and `guard`, which make it.
"""
