"""A terminal's lines, each with the time at which it came, as an SVG that plays in a browser. Pure.

Comes in: lines as `rich` reads them from a terminal's bytes. Goes out: one SVG with CSS animations in steps, no script,
no font or file of elsewhere: all lines stand below one another, a curtain shows as many as were printed by now, and the
whole moves up when the window is full. Without animation (a reader who wants less motion, a program that draws SVG but
does not animate it) it is the last screen. Colours follow the reader's wish for light or dark.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

ADVANCE, LEADING, SIZE = 8.4, 19, 14
"""A column's width, a line's height and the font's size, in pixels."""
MARGIN = 18
HOLD = 9.0
"""Seconds for which the last screen stays before it begins again."""
DARK = {"ground": "#10151c", "edge": "#30363d", "text": "#d6dde6", "red": "#ff7b72", "green": "#56d364",
        "yellow": "#e3b341", "blue": "#79c0ff", "magenta": "#d2a8ff", "cyan": "#56d4dd", "dim": "#8b949e"}  # fmt: skip
LIGHT = {"ground": "#fbfcfd", "edge": "#d0d7de", "text": "#1f2328", "red": "#c21f2c", "green": "#116329",
         "yellow": "#8a5a00", "blue": "#0550ae", "magenta": "#7c2fc4", "cyan": "#0b6e78", "dim": "#59636e"}  # fmt: skip
ANSI = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
"""The terminal's first eight colours, by number."""
_PIECE = re.compile(r"\S+(?: \S+)*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the terminal. `at`: seconds since the beginning."""

    at: float
    text: Text


def draw(lines: Sequence[Line], *, columns: int, rows: int, title: str) -> str:
    """The SVG. `title` is what it is called for those who cannot see it."""
    width, height = round(2 * MARGIN + columns * ADVANCE), 2 * MARGIN + rows * LEADING
    length = lines[-1].at + HOLD
    shown = [(number, line.at) for number, line in enumerate(lines, 1)]
    scroll = [(max(0, number - rows) * LEADING, at) for number, at in shown]
    curtain = [(number * LEADING, at) for number, at in shown]
    body = "\n".join(_row(number, line.text) for number, line in enumerate(lines))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>{escape(title)}</title>
<style>
text {{ font: {SIZE}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
{_colours(DARK)}
@media (prefers-color-scheme: light) {{
{_colours(LIGHT)}
}}
.bold {{ font-weight: 600 }} .strike {{ text-decoration: line-through }}
#scroll {{ animation: scroll {length:.2f}s step-end infinite; transform: translateY(-{scroll[-1][0]}px) }}
#curtain {{ animation: curtain {length:.2f}s step-end infinite; transform: translateY({curtain[-1][0]}px) }}
@media (prefers-reduced-motion: reduce) {{ #scroll, #curtain {{ animation: none }} }}
@keyframes scroll {{ {_steps(scroll, length, sign="-")} }}
@keyframes curtain {{ {_steps(curtain, length)} }}
</style>
<rect class="panel" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>
<svg x="{MARGIN}" y="{MARGIN}" width="{width - 2 * MARGIN}" height="{rows * LEADING}">
<g id="scroll">
{body}
<rect id="curtain" class="ground" x="-1" y="0" width="{width}" height="{len(lines) * LEADING + height}"/>
</g>
</svg>
</svg>
"""


def _colours(palette: dict[str, str]) -> str:
    names = (name for name in palette if name not in ("ground", "edge", "text"))
    rules = [f"text {{ fill: {palette['text']} }}", f".ground {{ fill: {palette['ground']} }}",
             f".panel {{ fill: {palette['ground']}; stroke: {palette['edge']} }}"]  # fmt: skip
    return "\n".join([*rules, " ".join(f".{name} {{ fill: {palette[name]} }}" for name in names)])


def _steps(places: Sequence[tuple[int, float]], length: float, *, sign: str = "") -> str:
    """Keyframes: from each time on, this far along. What stays where it is needs none."""
    kept = [(place, at) for n, (place, at) in enumerate(places) if n == 0 or places[n - 1][0] != place]
    percents = {f"{100 * at / length:.2f}": place for place, at in kept}  # lines of one moment: the last counts
    return " ".join(f"{at}% {{ transform: translateY({sign}{place}px) }}" for at, place in percents.items())


def _row(number: int, text: Text) -> str:
    y = number * LEADING + SIZE
    return "".join(
        f'<text x="{column * ADVANCE:g}" y="{y}" textLength="{cell_len(words) * ADVANCE:g}"{classes}>'
        f"{escape(words, quote=False)}</text>"
        for column, words, classes in _pieces(text)
    )


def _pieces(text: Text) -> Iterator[tuple[int, str, str]]:
    """Stretches of one style without wide gaps in them, each with its column."""
    styles = [Style.null() for _ in text.plain]
    for span in text.spans:
        style = span.style if isinstance(span.style, Style) else Style.parse(span.style)
        for index in range(span.start, min(span.end, len(styles))):
            styles[index] += style
    start = 0
    while start < len(styles):
        end = start
        while end < len(styles) and styles[end] == styles[start]:
            end += 1
        for found in _PIECE.finditer(text.plain, start, end):
            yield cell_len(text.plain[: found.start()]), found[0], _classes(styles[start])
        start = end


def _classes(style: Style) -> str:
    """The classes of a style: its colour by name, bold, struck through."""
    number = style.color.number if style.color else None
    names = [ANSI[number]] if number is not None else []
    names += [name for name, on in (("bold", style.bold), ("dim", style.dim), ("strike", style.strike)) if on]
    return f' class="{" ".join(names)}"' if names else ""
