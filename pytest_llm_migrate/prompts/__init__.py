"""Prompts: their files, their catalog, and how a row's values get into them."""

from pytest_llm_migrate.prompts.catalog import Catalog
from pytest_llm_migrate.prompts.checks import Bounds, check_rewrite
from pytest_llm_migrate.prompts.convert import from_format_template, from_model_text, variables_of
from pytest_llm_migrate.prompts.files import file_text, load_prompt, save_prompt
from pytest_llm_migrate.prompts.prompt import Prompt
from pytest_llm_migrate.prompts.row_prompt import RowPrompt

__all__ = [
    "Bounds",
    "Catalog",
    "Prompt",
    "RowPrompt",
    "check_rewrite",
    "file_text",
    "from_format_template",
    "from_model_text",
    "load_prompt",
    "save_prompt",
    "variables_of",
]
