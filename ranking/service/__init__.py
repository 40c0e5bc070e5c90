"""The ranking service: a bundle and a Feast repository behind HTTP.

:func:`.make_app` gives the ASGI application; ``embedding-features serve`` runs it. Needs
``pip install "embedding-features[service]"``.
"""
