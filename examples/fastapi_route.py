"""Answer films in your own FastAPI application; `moviegenre serve` is a complete service.

uvicorn --app-dir examples fastapi_route:app
curl localhost:8000/genres --json '{"plot": "A ghost haunts a house."}'
"""

from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

import moviegenre
from moviegenre.core.errors import MovieGenreError

app = FastAPI()
predictor = moviegenre.load(threads=1)  # requests are computed side by side, one thread each


class Film(BaseModel):
    """What a request has of a film. No poster: its path would be a file of the server."""

    plot: str = Field(max_length=20_000)
    title: str | None = Field(None, max_length=500)
    year: int | None = None


@app.post("/genres")
def genres(film: Film) -> dict[str, Any]:
    """Return genres, probabilities and warnings."""
    try:
        answer = predictor.predict(film.plot, title=film.title, year=film.year)
    except MovieGenreError as error:
        raise HTTPException(422, str(error)) from None
    return answer.to_json_dict()
