"""Look at the prompts of a catalog, and take prompts over from other tools or hand them on."""

from __future__ import annotations

import argparse
import difflib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pytest_llm_migrate.commands.prompt_text import bare, prompt_lines, shown, state_lines
from pytest_llm_migrate.errors import (
    PromptExistsError,
    PromptExportError,
    PromptImportError,
    UnknownNameError,
    masked,
)
from pytest_llm_migrate.prompts import Catalog, file_text, save_prompt
from pytest_llm_migrate.prompts.braces import BRACES, WRITTEN_BRACES
from pytest_llm_migrate.prompts.formats import FORMS, form_of, left_out, read_prompts, written
from pytest_llm_migrate.prompts.managed import FORM as BEDROCK
from pytest_llm_migrate.prompts.managed import create_request, prompt_of_reply
from pytest_llm_migrate.prompts.turns import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llm_migrate.prompts import Prompt

_ARN = "arn:"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``prompts``."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = _action(actions, "list", "Say which prompts there are, for which targets, by which strategies.", _list)
    listing.add_argument("names", nargs="*", metavar="NAME", help="Only these (default: all).")
    show = _action(actions, "show", "Print a prompt as it renders.", _show)
    _add_prompt(show)
    show.add_argument(
        "--set",
        dest="values",
        action="append",
        default=[],
        type=_pair,
        metavar="VARIABLE=TEXT",
        help="A variable's value; the others are shown by their names (default: none).",
    )
    diff = _action(actions, "diff", "Print what changed between a source prompt and its targets' prompts.", _diff)
    _add_prompt(diff)
    _add_import(_action(actions, "import", "Take a prompt over from another tool's file or service.", _import))
    _add_export(_action(actions, "export", "Write a prompt as another tool's file, or to a service.", _export))


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Run an action and return its exit code; raises a `MigrateError` for what a user can mend."""
    action: Callable[[argparse.Namespace, TextIO], int] = options.action
    return action(options, out)


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    summary: str,
    action: Callable[[argparse.Namespace, TextIO], int],
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary, description=summary)
    parser.add_argument(
        "--catalog", type=Path, default=Path("prompts"), metavar="FOLDER", help="The catalog (default: %(default)s)."
    )
    parser.set_defaults(action=action)
    return parser


def _add_prompt(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="The prompt's name in the catalog.")
    parser.add_argument("--for", dest="ref", metavar="REF", help="The target that it is for (default: the source's).")
    parser.add_argument("--strategy", metavar="STRATEGY", help="What this one wrote last (default: what is filed).")


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "place", metavar="FILE", help="A file, the folder of Nova's optimizer, or the ARN:VERSION of a managed prompt."
    )
    parser.add_argument("--as", dest="name", metavar="NAME", help="Its name in the catalog (default: its own).")
    parser.add_argument("--for", dest="ref", metavar="REF", help="File it for this target (default: as a source).")
    parser.add_argument(
        "--format",
        dest="form",
        choices=FORMS,
        metavar="FORMAT",
        help=f"What the file is: {_listed(FORMS)} (default: by its name).",
    )
    parser.add_argument(
        "--braces",
        choices=BRACES,
        default="auto",
        metavar="BRACES",
        help=f"Which braces name variables: {_listed(BRACES)} (default: %(default)s, those that there are).",
    )
    parser.add_argument(
        "--rename",
        dest="names",
        action="append",
        default=[],
        type=_pair,
        metavar="OLD=NEW",
        help="A variable's name as the dataset has it (default: none).",
    )
    parser.add_argument("--force", action="store_true", help="Write over what is there (default: off).")


def _add_export(parser: argparse.ArgumentParser) -> None:
    _add_prompt(parser)
    parser.add_argument(
        "--format",
        dest="form",
        choices=(*FORMS, BEDROCK),
        required=True,
        metavar="FORMAT",
        help=f"What to write: {_listed((*FORMS, BEDROCK))}.",
    )
    parser.add_argument("--to", type=Path, default=Path(), metavar="FOLDER", help="Where to (default: here).")
    parser.add_argument(
        "--braces",
        choices=WRITTEN_BRACES,
        default="double",
        metavar="BRACES",
        help=f"A text's braces of variables: {_listed(WRITTEN_BRACES)} ({{$v}}) (default: %(default)s).",
    )
    parser.add_argument("--force", action="store_true", help="Write over what is there (default: off).")


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _list(options: argparse.Namespace, out: TextIO) -> int:
    catalog = Catalog(options.catalog)
    names = options.names or catalog.names()
    if not names:
        out.write(f"no prompt in {shown(str(options.catalog))}\n")
    for name in names:
        source = catalog.source(name)
        out.write(f"{shown(name)}: {', '.join(sorted(source.variables)) or 'no variables'}\n")
        for prompt in [*catalog.targets(name), *catalog.variants(name)]:
            out.writelines(f"{line}\n" for line in state_lines(prompt, source, options.catalog / name))
    return 0


def _show(options: argparse.Namespace, out: TextIO) -> int:
    prompt = _prompt(options)
    for name, _ in options.values:
        if name not in prompt.variables:
            raise UnknownNameError("variable", name, prompt.variables, where="--set")
    values = {name: f"<{name}>" for name in prompt.variables} | dict(options.values)
    out.writelines(f"{line}\n" for line in prompt_lines(prompt, values))
    return 0


def _diff(options: argparse.Namespace, out: TextIO) -> int:
    catalog = Catalog(options.catalog)
    source = catalog.source(options.name)
    if options.ref:
        targets = [catalog.for_target(options.name, options.ref, options.strategy, stale=True)]
    else:
        targets = catalog.targets(options.name) if options.strategy is None else catalog.variants(options.name)
    if not targets:
        out.write(f"no prompt for a target in {shown(str(options.catalog / options.name))}\n")
    for prompt in targets:
        place = str(prompt.path.relative_to(options.catalog)) if prompt.path else prompt.name
        lines = difflib.unified_diff(
            file_text(bare(source)).splitlines(), file_text(bare(prompt)).splitlines(), "source", place, lineterm=""
        )
        out.writelines(f"{shown(line)}\n" for line in lines)
    return 0


def _import(options: argparse.Namespace, out: TextIO) -> int:
    catalog = Catalog(options.catalog)
    prompts = _read(options)
    if options.name and len(prompts) > 1:
        raise PromptImportError(options.place, f"holds {len(prompts)} prompts, which cannot all be named by --as")
    variables = frozenset[str]().union(*(prompt.variables for prompt in prompts))
    for old, new in options.names:
        if new not in variables:
            raise UnknownNameError("variable", old, variables, where="--rename")
    filed = [(_file(catalog, options.name or prompt.name, options.ref), prompt) for prompt in prompts]
    _refuse_overwriting([path for path, _ in filed], force=options.force)
    for path, prompt in filed:
        save_prompt(path, replace(prompt, name=path.parent.name, model=options.ref))
        out.write(f"{shown(str(path))}: {', '.join(sorted(prompt.variables)) or 'no variables'}\n")
    return 0


def _export(options: argparse.Namespace, out: TextIO) -> int:
    prompt = _prompt(options)
    if options.form == BEDROCK:
        from pytest_llm_migrate.models.prompt_management import create_prompt  # noqa: PLC0415 - boto3 loads with it

        made = create_prompt(create_request(prompt, prompt.name, options.ref))
        out.write(f"{made.arn}:{made.version}\n")
        return 0
    files = {options.to / name: text for name, text in written(prompt, options.form, options.braces).items()}
    _refuse_overwriting(list(files), force=options.force)
    for path, text in files.items():
        _write(path, text, options.form)
        out.write(f"{shown(str(path))}\n")
    if unsaid := left_out(prompt, options.form):
        out.write(f"  without {', '.join(map(shown, unsaid))}: {options.form} has no place for settings\n")
    return 0


def _read(options: argparse.Namespace) -> list[Prompt]:
    reading = Reading(braces=options.braces, names=dict(options.names))
    if options.place.startswith(_ARN):
        from pytest_llm_migrate.models.prompt_management import get_prompt  # noqa: PLC0415 - boto3 loads with it

        return [prompt_of_reply(get_prompt(options.place), reading, masked(options.place))]
    path = Path(options.place)
    return read_prompts(path, options.form or form_of(path), reading)


def _prompt(options: argparse.Namespace) -> Prompt:
    catalog = Catalog(options.catalog)
    if options.ref is None:
        return catalog.source(options.name)
    return catalog.for_target(options.name, options.ref, options.strategy, stale=True)


def _file(catalog: Catalog, name: str, ref: str | None) -> Path:
    if ref is None:
        return catalog.source_file(name)
    catalog.source(name)
    return catalog.file_for(name, ref)


def _refuse_overwriting(paths: Sequence[Path], *, force: bool) -> None:
    for path in paths:
        if path.exists() and not force:
            raise PromptExistsError(path)


def _write(path: Path, text: str, form: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    except (OSError, UnicodeEncodeError) as error:
        raise PromptExportError(str(path), form, str(getattr(error, "strerror", None) or error)) from error


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name.strip() and sign):
        raise argparse.ArgumentTypeError(f"takes NAME=VALUE, got {text!r}")
    return name.strip(), value
