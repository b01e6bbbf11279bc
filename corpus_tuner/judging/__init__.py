"""Judging the results of one's own queries: pools, grades, a local page, and estimates.

`store` has all grades in a database. `pool` has the results of several systems, which `study` shows
to a judge in an order that does not tell from which system they are; `report` measures the systems,
by `estimates`. `app` is the page for people, `language_model` a model that grades as well.
"""
