"""An audit as one self-contained page: the pairs side by side, with small posters."""

import io
from collections.abc import Mapping
from typing import Any

from moviegenre.data.posters import PosterError, decode_poster
from moviegenre.evaluation.documents import data_uri, page_template
from moviegenre.studies.audit.findings import Audit
from moviegenre.studies.audit.label_errors import LabelError
from moviegenre.studies.audit.pairs import Pair
from moviegenre.studies.audit.plot_pairs import MIN_SHINGLES, WORDS_PER_SHINGLE
from moviegenre.studies.audit.poster_pairs import HASH_BITS
from moviegenre.studies.audit.tables import errors_table, pairs_table, words_table

_POSTER_SIDE = 150  # pixels; sharp enough to compare by eye, a few kB each
_JPEG_QUALITY = 72
_SNIPPET = 420  # characters


def audit_template() -> Any:  # noqa: ANN401 - jinja2 is optional
    """Return the page's template; an early call checks whether jinja2 is installed.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    package = "moviegenre.studies.audit"
    return page_template(package, "audit.html.jinja", "audit", "the page of an audit")


def render_audit(audit: Audit, command: str) -> str:
    """Return the page.

    Args:
        audit: The findings.
        command: The command that reproduces it.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    template = audit_template()
    top = audit.settings.top
    pairs = {kind: audit.pairs_of(kind)[:top] for kind in ("plot", "poster")}
    denied = [error for error in audit.errors if error.labelled][:top]
    insisted = [error for error in audit.errors if not error.labelled][:top]
    plain_rows = list(audit.plain_posters)[:top]
    shown = [pair for pairs_of_kind in pairs.values() for pair in pairs_of_kind]
    rows = {row for pair in shown for row in (pair.first, pair.second)}
    rows |= {error.row for error in (*denied, *insisted)} | set(plain_rows)
    posters = {
        row: uri for row, data in audit.movies.posters_of(rows).items() if (uri := _uri(data))
    }
    page: str = template.render(
        audit=audit,
        command=command,
        settings=audit.settings,
        hash_bits=HASH_BITS,
        words_per_shingle=WORDS_PER_SHINGLE,
        shortest=MIN_SHINGLES + WORDS_PER_SHINGLE - 1,
        tables={
            "pairs": pairs_table(audit),
            "words": words_table(audit),
            "errors": errors_table(audit),
        },
        pairs={
            kind: [_pair(audit, pair, posters) for pair in pairs_of_kind]
            for kind, pairs_of_kind in pairs.items()
        },
        num_pairs={kind: len(audit.pairs_of(kind)) for kind in pairs},
        errors={
            "denied": [_error(audit, error, posters) for error in denied],
            "insisted": [_error(audit, error, posters) for error in insisted],
        },
        num_errors={
            "denied": sum(error.labelled for error in audit.errors),
            "insisted": sum(not error.labelled for error in audit.errors),
        },
        plain=[_movie(audit, row, posters) for row in plain_rows],
        dropped=audit.dropped_by_split(),
        sizes=audit.cluster_sizes,
    )
    return page


def _pair(audit: Audit, pair: Pair, posters: Mapping[int, str]) -> dict[str, Any]:
    sides = zip((pair.first, pair.second), pair.places, strict=True)
    splits = audit.movies.splits
    return {
        "similarity": f"{100 * pair.similarity:.0f} %",
        "differing": round((1 - pair.similarity) * HASH_BITS),
        "across": splits[pair.first] is not splits[pair.second],
        "same": audit.same_genres(pair),
        "movies": [_movie(audit, row, posters, plot_index) for row, plot_index in sides],
    }


def _error(audit: Audit, error: LabelError, posters: Mapping[int, str]) -> dict[str, Any]:
    return {
        "genre": audit.movies.genres[error.genre],
        "prob": f"{100 * error.prob:.1f} %",
        "movie": _movie(audit, error.row, posters),
    }


def _movie(
    audit: Audit, row: int, posters: Mapping[int, str], plot_index: int | None = None
) -> dict[str, Any]:
    """Return the content of a movie's card, with the plot at ``plot_index`` or the first."""
    movies = audit.movies
    plots = movies.plots[row]
    text = plots[plot_index or 0] if plots else ""
    return {
        "id": movies.ids[row],
        "title": movies.titles[row] or movies.ids[row],
        "split": movies.splits[row].value,
        "genres": ", ".join(movies.own_genres(row)),
        "poster": posters.get(row),
        "plot": text if len(text) <= _SNIPPET else text[:_SNIPPET].rsplit(" ", 1)[0] + " …",
    }


def _uri(poster: bytes) -> str | None:
    """Return a small copy of a poster for the page; None if it cannot be decoded."""
    try:
        image = decode_poster(poster)
    except PosterError:
        return None
    image.thumbnail((_POSTER_SIDE, _POSTER_SIDE))
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=_JPEG_QUALITY)
    return data_uri(stream.getvalue(), "jpeg")
