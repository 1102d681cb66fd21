"""The studio: pictures are asked for by requests, painted as jobs in a queue, and kept in a folder; a page shows them.

Only `app`, which starts the server, and `page` know of the web page; `guard` stands before it.
"""
