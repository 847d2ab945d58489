"""Prompts of Bedrock Prompt Management: what GetPrompt gives as a prompt, and a prompt as what CreatePrompt takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llm_migrate.errors import PromptExportError, PromptImportError
from pytest_llm_migrate.prompts.braces import to_template
from pytest_llm_migrate.prompts.turns import prompt_of_turns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llm_migrate.prompts.prompt import Prompt
    from pytest_llm_migrate.prompts.turns import Reading

FORM = "bedrock"
VARIANT = "default"
_SETTINGS = {"temperature": "temperature", "topP": "top_p", "maxTokens": "max_tokens", "stopSequences": "stop"}
_MOST_VARIABLES = 20


def prompt_of_reply(reply: Mapping[str, Any], reading: Reading, place: str) -> Prompt:
    """Return the prompt in a reply of GetPrompt: its default variant, else the first.

    Raises `PromptImportError` for a variant that is neither text nor chat of texts, and for one with tools.
    """
    variants = reply.get("variants") or []
    chosen = [item for item in variants if item.get("name") == reply.get("defaultVariant")] or variants
    if not chosen:
        raise PromptImportError(place, "has no variant")
    variant = chosen[0]
    settings = variant.get("inferenceConfiguration", {}).get("text", {})
    return prompt_of_turns(
        str(reply.get("name") or "prompt"),
        _turns(variant.get("templateConfiguration", {}), place),
        reading.doubled,
        place,
        inference={
            **{ours: settings[theirs] for theirs, ours in _SETTINGS.items() if theirs in settings},
            **(variant.get("additionalModelRequestFields") or {}),
        },
    )


def create_request(prompt: Prompt, name: str, model: str | None) -> dict[str, Any]:
    """Return what CreatePrompt takes for a prompt: a chat, in which every variable is declared.

    Raises `PromptExportError` for expressions, options, attachments and more than twenty variables.
    """
    if prompt.options or prompt.attachments:
        raise PromptExportError(prompt.place, FORM, "it has options or attachments")
    if len(prompt.variables) > _MOST_VARIABLES:
        raise PromptExportError(prompt.place, FORM, f"it has more than {_MOST_VARIABLES} variables")
    known = {ours: theirs for theirs, ours in _SETTINGS.items()}
    messages = [
        (role, text) for item in prompt.examples for role, text in (("user", item.input), ("assistant", item.output))
    ]
    if any("{{" in text for _, text in messages):
        raise PromptExportError(prompt.place, FORM, "an example holds braces that would be read as a variable's")
    messages.append(("user", to_template(prompt.user, prompt.place, FORM)))
    chat: dict[str, Any] = {
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in messages],
        "inputVariables": [{"name": variable} for variable in sorted(prompt.variables)],
    }
    if prompt.system:
        chat["system"] = [{"text": to_template(prompt.system, prompt.place, FORM)}]
    variant: dict[str, Any] = {"name": VARIANT, "templateType": "CHAT", "templateConfiguration": {"chat": chat}}
    settings = {known[key]: value for key, value in prompt.inference.items() if key in known}
    others = {key: value for key, value in prompt.inference.items() if key not in known}
    variant |= {"inferenceConfiguration": {"text": settings}} if settings else {}
    variant |= {"additionalModelRequestFields": others} if others else {}
    variant |= {"modelId": model} if model else {}
    return {"name": name, "defaultVariant": VARIANT, "variants": [variant]}


def _turns(template: Mapping[str, Any], place: str) -> Sequence[tuple[str, str]]:
    if "text" in template:
        return [("user", str(template["text"].get("text", "")))]
    chat = template.get("chat")
    if chat is None:
        raise PromptImportError(place, f"is neither text nor chat: {', '.join(template) or 'nothing'}")
    if chat.get("toolConfiguration", {}).get("tools"):
        raise PromptImportError(place, "has tools, which are not taken over")
    system = [("system", _text([block], place)) for block in chat.get("system", ()) if "cachePoint" not in block]
    return [*system, *((str(item["role"]), _text(item["content"], place)) for item in chat["messages"])]


def _text(blocks: Sequence[Mapping[str, Any]], place: str) -> str:
    texts = [block for block in blocks if "cachePoint" not in block]
    if not all("text" in block for block in texts):
        raise PromptImportError(place, "holds more than texts")
    return "".join(str(block["text"]) for block in texts)
