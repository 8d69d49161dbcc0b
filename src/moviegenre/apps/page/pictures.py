"""What the page shows, as HTML: bars, words, regions, sentences. It knows nothing of Gradio.

Colour is never the only sign: chosen genres have a tick, words an underline, regions a number.
"""

import itertools
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Plain = Mapping[str, Any]
"""A prediction, or a part of one, as ``to_json_dict`` gives it."""

_STRONGEST = 5  # words that are named, and regions that are numbered
_NOISE = 0.2  # of the strongest; weaker ones are not marked
_NAMES = {"plot": "Plot", "poster": "Poster"}


def problem(sentence: str) -> str:
    """Return why there is no answer, in a way that a screen reader speaks at once."""
    return f'<p class="mg-problem" role="alert">⚠ {escape(sentence)}</p>'


def remark(sentence: str) -> str:
    """Return a sentence that says how things stand."""
    return f'<p class="mg-remark" role="status">{escape(sentence)}</p>'


def bars(answer: Plain) -> str:
    """Return every genre with its probability, threshold, and whether it is chosen.

    Each row is a button, whose genre is in ``data-genre``.
    """
    chosen = set(answer["genres"])
    rows = []
    for name, value in answer["probabilities"].items():
        cut = answer["thresholds"][name]
        picked = name in chosen
        sign, said = ("✓", "chosen") if picked else ("", "not chosen")
        rows.append(
            f'<li><button type="button" class="mg-bar{" mg-chosen" if picked else ""}" '
            f'data-genre="{escape(name)}" title="Show what spoke for {escape(name)}">'
            f'<span class="mg-sign" aria-hidden="true">{sign}</span>'
            f'<span class="mg-name">{escape(name)}</span>'
            f'<span class="mg-track" aria-hidden="true">'
            f'<span class="mg-fill" style="width:{100 * value:.1f}%"></span>'
            f'<span class="mg-cut" style="left:{min(100 * cut, 99.5):.1f}%"></span></span>'
            f'<span class="mg-value">{_percent(value)} <small>from {_percent(cut)}</small></span>'
            f'<span class="mg-hidden">, {said}</span></button></li>'
        )
    told = ", ".join(answer["genres"]) or "none reaches its threshold"
    return (
        f'<p class="mg-lead"><strong>Genres: {escape(told)}</strong></p>'
        '<p class="mg-note">✓ chosen. The line in each bar is the threshold from which a genre is '
        "chosen. Point at a genre, or press it, to see what spoke for it.</p>"
        f'<ol class="mg-bars">{"".join(rows)}</ol>'
    )


def similar(movies: Sequence[Plain]) -> str:
    """Return the training movies of which the model says the same; nothing where there are none."""
    if not movies:
        return ""
    rows = []
    for movie in movies:
        year = f" ({movie['year']})" if movie["year"] else ""
        told = ", ".join(movie["genres"])
        rows.append(
            f"<li><strong>{escape(movie['title'] or movie['id'])}</strong>{year}: {escape(told)} "
            f"<small>similarity {movie['similarity']:.2f}</small></li>"
        )
    return (
        f'<h3>Training movies it says the same of</h3><ol class="mg-similar">{"".join(rows)}</ol>'
    )


def shares(explanation: Plain) -> str:
    """Return what part plot and poster had in the answer."""
    share = explanation["modality_share"]
    if len(share) < 2:
        only = next(iter(share), None)
        return remark(f"Only the {only} was read." if only else "Nothing was read.")
    parts = "".join(
        f'<span class="mg-share mg-of-{escape(name)}" style="flex-grow:{max(value, 0.01):.3f}">'
        f"{_NAMES[name]} {_percent(value)}</span>"
        for name, value in share.items()
    )
    return (
        f'<h3>Share in the answer</h3><div class="mg-shares">{parts}</div>'
        '<p class="mg-note">How far the answer moves when each is left out, beside the other.</p>'
    )


def alone(whole: Plain, parts: Mapping[str, Plain | str]) -> str:
    """Return what the answer would be from a part of the film.

    Args:
        whole: The answer to the whole film.
        parts: By modality, the answer to it alone, or why there is none.
    """
    rows = [_alone_row("Both", whole)]
    rows += [_alone_row(f"{_NAMES[name]} alone", answer) for name, answer in parts.items()]
    return f'<h3>From one of them alone</h3><table class="mg-alone">{"".join(rows)}</table>'


def _alone_row(title: str, answer: Plain | str) -> str:
    if isinstance(answer, str):
        told = escape(answer)
    else:
        picked = [
            f"✓ {name} {_percent(answer['probabilities'][name])}" for name in answer["genres"]
        ]
        top, value = next(iter(answer["probabilities"].items()))
        told = escape(", ".join(picked) or f"none; the nearest is {top} with {_percent(value)}")
    return f'<tr><th scope="row">{title}</th><td>{told}</td></tr>'


def words(plot: str, genre: str, shares: Sequence[Plain]) -> str:
    """Return a plot with the words marked that spoke for a genre, and against it.

    Args:
        plot: The text in which the words' ``start`` and ``end`` count.
        genre: For which.
        shares: The words, each with its ``share``; None where the model did not read as far.
    """
    largest = max((abs(word["share"] or 0.0) for word in shares), default=0.0) or 1.0
    pieces, at = [], 0
    for word in shares:
        pieces += [escape(plot[at : word["start"]]), _word(word, largest)]
        at = word["end"]
    pieces.append(escape(plot[at:]))
    positive = [word for word in shares if (word["share"] or 0.0) > 0]
    strongest = sorted(positive, key=lambda word: -word["share"])[:_STRONGEST]
    named = ", ".join(f"{word['text']} ({word['share']:+.2f})" for word in strongest)
    cut = any(word["share"] is None for word in shares)
    return (
        f"<h3>Words that spoke for {escape(genre)}</h3>"
        f'<p class="mg-note">Strongest: {escape(named) or "none"}. '
        '<span class="mg-word mg-for">Underlined</span> spoke for it, '
        '<span class="mg-word mg-against">dashed</span> against it'
        f"{', <span class=mg-unread>grey</span> was not read' if cut else ''}; "
        "numbers are log-odds.</p>"
        f'<p class="mg-plot">{"".join(pieces)}</p>'
    )


def _word(word: Plain, largest: float) -> str:
    text, share = escape(word["text"]), word["share"]
    if share is None:
        return f'<span class="mg-unread">{text}</span>'
    strength = abs(share) / largest
    if strength < _NOISE:  # noise, and a text in which everything is marked shows nothing
        return text
    side = "for" if share > 0 else "against"
    return (
        f'<span class="mg-word mg-{side}" style="--strength:{strength:.2f}" '
        f'title="{share:+.2f}">{text}</span>'
    )


def regions(address: str, genre: str, grid: Sequence[Sequence[float]]) -> str:
    """Return a poster under the regions that spoke for a genre.

    Args:
        address: Where the browser finds the poster.
        genre: For which.
        grid: Shares (rows, columns) over the whole poster.
    """
    rows, columns = len(grid), len(grid[0])
    cells = [(share, number) for number, share in enumerate(itertools.chain(*grid))]
    largest = max(max(share for share, _ in cells), 0.0)
    ranks = {
        number: rank
        for rank, (share, number) in enumerate(sorted(cells, reverse=True)[:3], start=1)
        if share > 0
    }
    drawn = []
    for share, number in cells:
        if share <= 0 or share < _NOISE * largest:
            continue
        row, column = divmod(number, columns)
        rank = ranks.get(number)
        drawn.append(
            f'<span class="mg-region{" mg-top" if rank else ""}" title="{share:+.2f}" '
            f'style="left:{100 * column / columns:.2f}%;top:{100 * row / rows:.2f}%;'
            f"width:{100 / columns:.2f}%;height:{100 / rows:.2f}%;"
            f'--strength:{share / largest:.2f}">{rank or ""}</span>'
        )
    told = "brighter ones more; 1 to 3 are the strongest" if drawn else "none did"
    return (
        f"<h3>Regions that spoke for {escape(genre)}</h3>"
        f'<p class="mg-note">Framed regions spoke for it, {told}.</p>'
        f'<div class="mg-poster"><img src="{escape(address)}" alt="The poster that was read">'
        f'<div class="mg-grid" aria-hidden="true">{"".join(drawn)}</div></div>'
    )


def progress(done: int, total: int) -> str:
    """Return how far a table is."""
    share = done / total if total else 1.0
    return (
        f'<p class="mg-remark" role="status">{done:,} of {total:,} films</p>'
        f'<progress max="1" value="{share:.3f}" aria-label="films done"></progress>'
    )


def genre_scores(per_genre: Mapping[str, Plain], thresholds: Mapping[str, float]) -> str:
    """Return every genre's F1 as a bar, best first, its precision, recall and threshold."""
    ranked = sorted(per_genre.items(), key=lambda item: -(item[1].get("f1") or 0.0))
    rows = []
    for name, scores in ranked:
        f1 = scores.get("f1") or 0.0
        cells = "".join(f"<td>{_percent(scores.get(key))}</td>" for key in ("precision", "recall"))
        cut = thresholds.get(name)
        rows.append(
            f'<tr><th scope="row">{escape(name)}</th>'
            f'<td class="mg-scorebar"><span class="mg-track" aria-hidden="true">'
            f'<span class="mg-fill" style="width:{100 * f1:.1f}%"></span></span></td>'
            f"<td>{_percent(scores.get('f1'))}</td>{cells}"
            f"<td>{_percent(cut)}</td><td>{int(scores.get('support') or 0):,}</td></tr>"
        )
    titles = ("F1", "Precision", "Recall", "Threshold", "Films")
    head = '<th scope="col">Genre</th><td class="mg-scorebar"></td>' + "".join(
        f'<th scope="col">{title}</th>' for title in titles
    )
    return (
        f'<div class="mg-wide" tabindex="0" role="region" aria-label="Scores by genre">'
        f'<table class="mg-scores"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"
