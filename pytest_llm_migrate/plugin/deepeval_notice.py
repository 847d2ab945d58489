"""What a suite should know of DeepEval's own pytest plugin, which loads itself wherever DeepEval is installed."""

from __future__ import annotations

import os


def deepeval_notice() -> list[str]:
    """Return what DeepEval's plugin does to every run, how to do without, and whether results may leave."""
    cost = "DeepEval's pytest plugin is loaded: some 2 s of imports a process, and it reads .env files."
    said = [f"llm-migrate: {cost} Its metrics work without: addopts = -p no:deepeval"]
    if os.environ.get("CONFIDENT_API_KEY"):
        said.append("llm-migrate: CONFIDENT_API_KEY is set: what DeepEval itself evaluates is uploaded; unset it")
    return said
