"""The endpoint, over real HTTP with a real client."""
