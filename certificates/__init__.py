"""Certificates, by which the services know each other: `python -m certificates FOLDER` makes them, also in the image.

`certificates` makes and renews them · `files` writes what only its owner may read. The command that runs everything on
one machine and the services' image both use them, so they know neither.
"""
