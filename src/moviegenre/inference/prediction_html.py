"""A prediction as a piece of HTML, which Jupyter shows in place of the text.

Styles are in the elements, because notebooks drop style sheets. Colours come from the page or are
half transparent, so that text is legible on light and on dark backgrounds.
"""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moviegenre.inference.prediction import Prediction

_MIN_SHOWN = 6  # genres that are shown without a click; more if more are chosen

_BAR = "#4f8fd9"  # at least 3:1 on white and on black
_PALE = "rgba(79,143,217,.45)"
_TRACK = "rgba(128,128,128,.22)"
_CELL = "padding:2px 10px 2px 0;text-align:left;border:0;background:none;color:inherit"
_NUMBER = f"{_CELL};text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"


def prediction_html(prediction: "Prediction") -> str:
    """Return the chosen genres, bars for the most probable ones, and warnings.

    Args:
        prediction: The prediction for a film.
    """
    rows = [
        _row(name, probability, prediction.thresholds[name], name in prediction.genres)
        for name, probability in prediction.probabilities.items()
    ]
    num_shown = max(_MIN_SHOWN, len(prediction.genres))
    headline = f'<div style="margin:0 0 4px">{_headline(prediction)}</div>'
    parts = [headline, _table(rows[:num_shown])]
    if hidden_rows := rows[num_shown:]:
        summary = f'<summary style="cursor:pointer">{len(hidden_rows)} more genres</summary>'
        parts.append(f"<details>{summary}{_table(hidden_rows)}</details>")
    notes = [*prediction.warnings, *([prediction.error] if prediction.error else [])]
    parts += [f'<div style="margin:4px 0 0">&#9888; {escape(note)}</div>' for note in notes]
    return f'<div style="font-size:13px;line-height:1.45;max-width:46em">{"".join(parts)}</div>'


def _headline(prediction: "Prediction") -> str:
    if prediction.genres:
        answer = f"<strong>{escape(', '.join(prediction.genres))}</strong>"
    elif prediction.likeliest:
        answer = f"Not sure. Likeliest: {escape(', '.join(prediction.likeliest))}"
    else:
        answer = "No answer"
    modalities = " and ".join(prediction.modalities)
    notes = [f"read: {escape(modalities)}"] if modalities else []
    notes += ["mark: threshold"] if prediction.probabilities else []
    return " &middot; ".join([answer, *notes])


def _table(rows: Iterable[str]) -> str:
    body = "".join(rows)
    style = "border-collapse:collapse;border:0;margin:0;font:inherit;color:inherit;background:none"
    return f'<table style="{style}"><tbody>{body}</tbody></table>' if body else ""


def _row(name: str, probability: float, threshold: float, chosen: bool) -> str:
    """Return a genre's name, a bar with a mark at its threshold, its probability."""
    weight = "bold" if chosen else "normal"
    bar = (
        f'<div style="position:relative;width:14em;height:10px;background:{_TRACK}">'
        f'<div style="width:{100 * probability:.1f}%;height:10px;'
        f'background:{_BAR if chosen else _PALE}"></div>'
        f'<div title="threshold {threshold:.0%}" style="position:absolute;top:-2px;height:14px;'
        f"left:{100 * min(threshold, 0.995):.1f}%;border-left:2px solid currentColor;"
        'opacity:.6"></div></div>'
    )
    state = "chosen" if chosen else ""
    return (
        '<tr style="background:none">'
        f'<th scope="row" style="{_CELL};font-weight:{weight}">{escape(name)}</th>'
        f'<td style="{_CELL}" aria-hidden="true">{bar}</td>'
        f'<td style="{_NUMBER}">{probability:.0%}</td><td style="{_CELL}">{state}</td></tr>'
    )
