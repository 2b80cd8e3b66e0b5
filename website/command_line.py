"""The page of the command line, made from the command itself."""

import re
from typing import Any

import typer

from trackscape.cli.main import app

INTRODUCTION = """# Command line

Made from `trackscape --help`. Options are written before or after files, in any order; an option
that can be given more than once says so. What a verb prints goes to standard output, errors and
progress to standard error.

## Exit status { #exit-status }

| status | meaning |
|---|---|
| 0 | All is done. |
| 1 | An error that nobody foresaw, with a traceback; or nobody read the output to its end. |
| 2 | Something that you can mend: one sentence says what was expected, what came and what to do. |
| 130 | Interrupted by Ctrl-C: a sentence says what was kept, and if the same command goes on. |

## Verbs

"""


def page() -> str:
    """Markdown with a section for each verb: what it does, arguments, options, defaults."""
    verbs = list(_verbs("trackscape", typer.main.get_command(app)))
    rows = [f"| [`{name}`](#{_anchor(name)}) | {_first(verb.help)} |" for name, verb in verbs]
    table = "\n".join(["| verb | what it does |", "|---|---|", *rows])
    return INTRODUCTION + table + "\n\n" + "\n".join(_section(*each) for each in verbs)


def _verbs(name: str, command: Any) -> list[tuple[str, Any]]:
    """The verbs below a command by their whole name, in the order of the help."""
    if not hasattr(command, "commands"):
        return [(name, command)]
    return [
        each
        for below, inner in command.commands.items()
        for each in _verbs(f"{name} {below}", inner)
    ]


def _section(name: str, verb: Any) -> str:
    shown = [each for each in verb.params if not each.hidden]
    arguments = [each for each in shown if each.param_type_name == "argument"]
    options = [each for each in shown if each.param_type_name == "option"]
    usage = [name, *map(_argument, arguments), "[OPTIONS]" if options else ""]
    lines = [f"## {name} {{ #{_anchor(name)} }}", "", *_text(verb.help), "```text"]
    lines += [" ".join(usage).strip(), "```", ""]
    if arguments:
        lines += ["| argument | meaning |", "|---|---|"]
        lines += [f"| `{_argument(each)}` | {_cell(each.help)} |" for each in arguments]
        lines.append("")
    if options:
        lines += ["| option | meaning | default |", "|---|---|---|"]
        lines += [f"| {_names(each)} | {_meaning(each)} | {_default(each)} |" for each in options]
        lines.append("")
    return "\n".join(lines)


def _text(text: str) -> list[str]:
    return [line for part in text.split("\n\n") for line in (_cell(part), "")]


def _argument(argument: Any) -> str:
    name = (argument.metavar or argument.name.upper()) + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _names(option: Any) -> str:
    """The names of an option and what it takes, as its help writes them."""
    names = [*sorted(option.opts, key=len), *option.secondary_opts]
    return f"`{', '.join(names)}{f' {option.metavar}' if option.metavar else ''}`"


def _meaning(option: Any) -> str:
    text = _cell(option.help).partition(" (default: ")[0]
    ends = {"at least": option.min, "at most": option.max}
    limits = [f"{word} {value}" for word, value in ends.items() if value is not None]
    notes = [*limits, *(["can be repeated"] if option.multiple else [])]
    return f"{text} {', '.join(notes).capitalize()}." if notes else text


def _default(option: Any) -> str:
    if option.required:
        return "**needed**"
    _, _, said = _cell(option.help).partition(" (default: ")
    if said:
        return said.removesuffix(")")
    if option.secondary_opts:
        return f"`{(option.opts if option.default else option.secondary_opts)[0]}`"
    if option.default is None or option.default is False or not str(option.default):
        return "none" if option.metavar else "off"
    return f"`{option.default}`" if not isinstance(option.default, list | tuple) else "none"


def _first(text: str) -> str:
    return _cell(text.partition("\n\n")[0])


def _cell(text: str) -> str:
    """A text on one line, as it is but for what it has in backticks."""
    parts = " ".join((text or "").split()).split("`")
    parts[::2] = [re.sub(r"([*_<\[|\\])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def _anchor(name: str) -> str:
    return name.removeprefix("trackscape ").replace(" ", "-")
