"""The HTTP service: an index over HTTP, and a page to search it (extra ``server``).

A search flows `routes.search` -> `limits` -> `batching` (many requests, one call of the encoder) ->
`live` (the index as it is now). `schemas` says what is asked and answered, `problems` why there is
no answer, `settings` what is allowed; `connections`, `hosts` and `auth` let in who may ask;
`service` is what all routes share, and `app` puts it together.
"""
