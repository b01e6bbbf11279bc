"""HTTP service: search of an index over HTTP, and a page for people (extra ``server``).

`middleware` and `connections` refuse requests before they are read; `schemas` defines requests and
responses. A search goes from `search_routes` through `batching` (many requests, one call of the
encoder) to the searcher of the current index (`reloading`). `state` is shared by all routes, and
`app` creates the application.
"""
