"""What people mean: the catalogue and the router, text + context to a match with its reasons.

It must not read handbooks itself or do I/O after loading.
"""
