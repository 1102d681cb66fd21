"""The figures of each paper as data, one module a paper."""
