"""Build the channel, and print its URL."""

from .channel import build

print(build().as_uri())
