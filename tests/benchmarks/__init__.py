"""Commands that measure, and are no tests."""
