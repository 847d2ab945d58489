"""Regression testing for LLM migrations, as a pytest plugin."""
