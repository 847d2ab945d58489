"""The commands of ``python -m pytest_llm_migrate``: on stored runs, and on prompts."""
