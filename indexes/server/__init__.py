"""The HTTP service: an index over HTTP, and a page to search it (extra ``server``).

A request flows `app` -> `batching` (many requests, one call of the encoder) -> `live` (the index as
it is now). `schemas` says what is asked and answered, `settings` what is allowed.
"""
