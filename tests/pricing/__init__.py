"""Tests of the prices."""
