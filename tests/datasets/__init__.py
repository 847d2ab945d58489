"""Tests of the room that reads datasets."""
