"""Titles as MovieLens writes them: the article after a comma, the year in parentheses."""

import re
from collections.abc import Iterable

_WITH_YEAR = re.compile(r"(?P<name>.*\S)\s*\((?P<year>18[7-9]\d|19\d\d|20\d\d)\)\s*", re.DOTALL)
_ARTICLE_LAST = re.compile(
    r"(?P<name>[^()]*[^()\s]), (?P<article>The|An?|Les?|La|L'|Der|Die|Das|El|Los|Las|Il|Lo|Gli"
    r"|Une?|O|Os|De|Het|Den|Det)(?P<rest> \([^()]+\))?"
)


def end_with_years(titles: Iterable[str]) -> bool:
    """Return whether most titles end with a year in parentheses.

    Example:
        >>> end_with_years(["Toy Story (1995)"]), end_with_years(["Blade Runner 2049"])
        (True, False)
    """
    dated = [_WITH_YEAR.fullmatch(title) is not None for title in titles]
    return sum(dated) > len(dated) / 2


def split_title(title: str | None, year: int | None) -> tuple[str | None, int | None]:
    """Return a title with its article first and without its year, and the year of the film.

    Args:
        title: A title without markup.
        year: The year of the film; None takes the year at the end of the title. The title keeps
            another year.

    Example:
        >>> split_title("Godfather, The (1972)", None)
        ('The Godfather', 1972)
        >>> split_title("City of Lost Children, The (Cité des enfants perdus, La) (1995)", 1995)
        ('The City of Lost Children (Cité des enfants perdus, La)', 1995)
        >>> split_title("Summer of (1942)", 1971)
        ('Summer of (1942)', 1971)
    """
    if title is None:
        return None, year
    if (dated := _WITH_YEAR.fullmatch(title)) and year in (None, int(dated["year"])):
        title, year = dated["name"], int(dated["year"])
    if inverted := _ARTICLE_LAST.fullmatch(title.strip()):
        space = "" if inverted["article"].endswith("'") else " "
        title = f"{inverted['article']}{space}{inverted['name']}{inverted['rest'] or ''}"
    return title, year
