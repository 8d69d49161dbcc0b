"""The tab for one film: from a plot and a poster to what the page shows of the answer."""

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from moviegenre.apps.page import pictures
from moviegenre.apps.service.answering import Answer, Question
from moviegenre.apps.service.asking import Asking
from moviegenre.apps.service.bodies import checked_question
from moviegenre.apps.service.logs import log_event
from moviegenre.apps.service.refusals import Refusal
from moviegenre.core.errors import MovieGenreError

FAILED = "the service failed on this; its log says why"
GONE = "the poster is no longer kept here; predict again"


@dataclass(frozen=True)
class Seen:
    """A film that was answered.

    Attributes:
        plot: Its plot, if any.
        poster: Where its poster lies, if it has one.
        answer: What was answered.
    """

    plot: str | None
    poster: Path | None
    answer: Mapping[str, Any]

    @property
    def genres(self) -> list[str]:
        """All genres, most probable first."""
        return list(self.answer["probabilities"])


@dataclass(frozen=True)
class Shown:
    """What the page shows of a film, as HTML; None leaves it as it is."""

    seen: Seen | None = None
    genre: str | None = None
    status: str | None = None
    bars: str | None = None
    shares: str | None = None
    alone: str | None = None
    words: str | None = None
    regions: str | None = None
    similar: str | None = None


EMPTY = Shown(None, None, "", "", "", "", "", "", "")


class FilmTab:
    """What happens when something is pressed.

    Args:
        asking: The way to the model.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def predict(self, plot: str | None, poster: Path | None) -> AsyncIterator[Shown]:
        """Yield what is known of a film: the answer first, then what takes longer.

        Args:
            plot: As typed.
            poster: Where the upload lies.
        """
        plot = plot if plot and plot.strip() else None
        try:
            answer = await self._ask(self._question(plot, poster))
        except (Refusal, MovieGenreError) as error:
            yield replace(EMPTY, status=pictures.problem(str(error)))
            return
        seen = Seen(plot, poster, answer)
        lead = (answer["genres"] or seen.genres)[0]
        shown = replace(
            EMPTY,
            seen=seen,
            genre=lead,
            status=pictures.remark("Looking for the words and regions that spoke for it ..."),
            bars=pictures.bars(answer),
            shares=pictures.shares(answer["explanation"]),
            similar=pictures.similar(answer.get("similar", ())),
        )
        yield shown
        if len(answer["modalities"]) > 1:
            yield replace(shown, alone=pictures.alone(answer, await self._alone(seen)))
        yield await self.why(lead, seen)

    async def why(self, genre: str | None, seen: Seen | None) -> Shown:
        """Return the words and regions of a film that spoke for a genre."""
        if seen is None or genre is None or genre not in seen.answer["probabilities"]:
            return Shown(status=pictures.problem("there is no answer yet; predict first"))
        try:
            question = replace(self._question(seen.plot, seen.poster), attribute=(genre,))
            explanation = (await self._ask(question))["explanation"]
        except (Refusal, MovieGenreError) as error:
            return Shown(seen, genre, pictures.problem(str(error)), words="", regions="")
        told = shown = ""
        if seen.plot and genre in explanation.get("words", {}):
            told = pictures.words(seen.plot, genre, explanation["words"][genre])
        if seen.poster and genre in explanation.get("regions", {}):
            grid = explanation["regions"][genre]
            shown = pictures.regions(_address(seen.poster), genre, grid)
        return Shown(seen, genre, status="", words=told, regions=shown)

    async def _alone(self, seen: Seen) -> dict[str, Mapping[str, Any] | str]:
        """Return by modality what is answered to it alone; one by one, to leave others room."""
        parts = {"plot": (seen.plot, None), "poster": (None, seen.poster)}
        found: dict[str, Mapping[str, Any] | str] = {}
        for name, (plot, poster) in parts.items():
            try:
                question = self._question(plot, poster)
                found[name] = await self._ask(replace(question, explain=False))
            except (Refusal, MovieGenreError) as error:
                found[name] = str(error)
        return found

    def _question(self, plot: str | None, poster: Path | None) -> Question:
        """Return a film as the model is asked about it.

        Raises:
            Refusal: It is beyond a limit.
            MovieGenreError: Its poster is gone.
        """
        try:
            image = None if poster is None else poster.read_bytes()
        except OSError:
            raise MovieGenreError(GONE) from None
        return checked_question(plot, image, True, self._asking.settings)

    async def _ask(self, question: Question) -> dict[str, Any]:
        """Return the answer to a film.

        Raises:
            Refusal: It is not taken, not answered in time, or there is a bug.
            MovieGenreError: It is the film's fault.
        """
        answer = (await self._asking.ask([question]))[0]
        log_event(logging.INFO, "page", **self._asking.about([question]))
        return plain(answer)


def plain(answer: Answer) -> dict[str, Any]:
    """Return an answer that is one.

    Raises:
        MovieGenreError: It is the film's fault, or a bug's, of which nothing is shown.
    """
    if isinstance(answer, MovieGenreError):
        raise answer
    if isinstance(answer, Exception):
        raise MovieGenreError(FAILED)
    return answer


def _address(poster: Path) -> str:
    """Return where the browser finds an upload, relative to the page."""
    return f"gradio_api/file={quote(poster.as_posix())}"
