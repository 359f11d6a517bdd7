"""Live answers: from the provider through the worker and Redis to the browser.

`provider` talks to a model, `loop` multiplexes all calls of a worker on one event loop, `publishing` writes
text to Redis and PostgreSQL, `answering` is one response's life, `recovery` finds what was lost, `feed` and
`cursor` serve browsers.
"""
