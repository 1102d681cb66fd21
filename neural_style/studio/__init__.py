"""The studio: a web page on which pictures are painted."""
