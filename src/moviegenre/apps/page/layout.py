"""Where everything stands on the page, and which part of it calls what."""

import functools
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from moviegenre.apps.page import model_tab, pictures
from moviegenre.apps.page.catalogue_tab import SUFFIXES, CatalogueTab
from moviegenre.apps.page.film_tab import FilmTab, Seen, Shown
from moviegenre.apps.service.schemas import ModelAnswer
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.errors import MovieGenreError
from moviegenre.examples import ExampleFilm, example_films

_QUICK: dict[str, Any] = {
    "preprocess": False,  # uploads stay files, which the one thread decodes within its limits
    "show_progress": "hidden",
    "api_visibility": "private",
}

KEPT_SECONDS = 3600
"""How long an upload, and what was answered to it, is kept."""

# A press counts at once, a pointer only where it rests.
_ON_BARS = """
let resting;
const genre = (event) => event.target.closest('[data-genre]')?.dataset.genre;
element.addEventListener('click', (event) => {
  clearTimeout(resting);
  if (genre(event)) trigger('select', {value: genre(event)});
});
element.addEventListener('pointerover', (event) => {
  clearTimeout(resting);
  const value = event.pointerType === 'mouse' && genre(event);
  if (value) resting = setTimeout(() => trigger('select', {value}), 500);
});
element.addEventListener('pointerleave', () => clearTimeout(resting));
"""


def build_page(
    film: FilmTab,
    catalogue: CatalogueTab,
    model: ModelAnswer,
    files: Sequence[Path],
    settings: ServiceSettings,
) -> gr.Blocks:
    """Return the page.

    Args:
        film: What the first tab does.
        catalogue: What the second tab does.
        model: What the third tab shows.
        files: The files that the model was loaded from.
        settings: Limits that the page names.
    """
    page: gr.Blocks = gr.Blocks(
        title="Film genres", analytics_enabled=False, delete_cache=(600, KEPT_SECONDS)
    )
    with page:
        gr.Markdown("# Film genres\nGenres of a film from its plot and its poster.")
        with gr.Tab("One film", id="film"):
            _film(film, model, settings)
        with gr.Tab("Catalogue", id="catalogue"):
            _catalogue(catalogue, settings)
        with gr.Tab("Model", id="model"):
            gr.HTML(model_tab.scores(model, files), js_on_load=None)
            gr.Markdown(model_tab.card(model), elem_id="mg-card")
    return page


def _film(tab: FilmTab, model: ModelAnswer, settings: ServiceSettings) -> None:
    seen = gr.State(None, time_to_live=KEPT_SECONDS)
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            plot = gr.Textbox(
                label="Plot",
                lines=8,
                max_lines=16,
                placeholder="What happens in the film",
                info=f"At most {settings.max_plot_chars:,} characters",
                elem_id="mg-plot-input",
            )
            poster = gr.Image(
                label=f"Poster ({', '.join(settings.image_kinds)})",
                sources=["upload", "clipboard"],
                type="filepath",
                height=260,
                buttons=[],
                alt_text="The poster that was chosen",
                elem_id="mg-poster-input",
            )
            with gr.Row():
                clear = gr.Button("Clear", variant="secondary", min_width=90)
                go = gr.Button("Tell the genres", variant="primary", min_width=160)
            gr.HTML("<h3>Or try a film that does not exist</h3>", js_on_load=None)
            with gr.Row(elem_id="mg-examples"):
                buttons = [
                    (gr.Button(_title(example), size="sm", min_width=150), example)
                    for example in example_films()
                ]
        with gr.Column(scale=3, min_width=300):
            status = gr.HTML("", js_on_load=None, elem_id="mg-status")
            bars = gr.HTML("", js_on_load=_ON_BARS, elem_id="mg-bars")
            shares = gr.HTML("", js_on_load=None, elem_id="mg-shares")
            alone = gr.HTML("", js_on_load=None, elem_id="mg-alone")
            genre = gr.Dropdown(
                choices=list(model.genres), value=None, label="What spoke for", elem_id="mg-genre"
            )
            words = gr.HTML("", js_on_load=None, elem_id="mg-words")
            regions = gr.HTML("", js_on_load=None, elem_id="mg-regions")
            similar = gr.HTML("", js_on_load=None, elem_id="mg-similar")

    outputs = [seen, genre, status, bars, shares, alone, words, regions, similar]

    async def predict(text: str | None, upload: Any) -> AsyncIterator[list[Any]]:  # noqa: ANN401 - as Gradio sends it
        yield _updates(Shown(status=pictures.remark("Reading the film ...")))
        async for shown in tab.predict(text, _path(upload)):
            yield _updates(shown)

    async def why(name: str | None, film: Seen | None) -> list[Any]:
        return _updates(await tab.why(name, film))

    async def point(film: Seen | None, event: gr.EventData) -> list[Any]:
        return _updates(await tab.why(str(event.value), film))

    together: dict[str, Any] = {**_QUICK, "concurrency_limit": None}
    go.click(predict, [plot, poster], outputs, **together)
    genre.input(why, [genre, seen], outputs, trigger_mode="always_last", **together)
    bars.select(point, [seen], outputs, trigger_mode="always_last", **together)
    for button, example in buttons:
        chosen = button.click(functools.partial(_example, example), None, [plot, poster], **_QUICK)
        chosen.then(predict, [plot, poster], outputs, **together)
    blank: list[Any] = [None, None, None, "", "", "", "", "", "", "", ""]
    clear.click(lambda: blank, None, [plot, poster, *outputs], **_QUICK)


def _catalogue(tab: CatalogueTab, settings: ServiceSettings) -> None:
    gr.Markdown(
        f"A table of plots ({', '.join(SUFFIXES)}; UTF-8; at most {settings.page_rows:,} rows and "
        f"{settings.max_body_bytes // 1_000_000} MB) comes back as CSV with a row for each of its "
        "rows: the id, the genres, the probability of every genre, and in `error` why a row "
        "could not be read. Posters are not read here."
    )
    upload = gr.File(label="Table", file_types=list(SUFFIXES), elem_id="mg-table")
    with gr.Row():
        ids = gr.Dropdown([("row number", "")], value="", label="Column of ids", min_width=200)
        plots = gr.Dropdown([], multiselect=True, label="Columns of plots, joined", min_width=200)
    go = gr.Button("Fill the table", variant="primary", elem_id="mg-fill-table")
    status = gr.HTML("", js_on_load=None, elem_id="mg-table-status")
    result = gr.File(label="With genres", interactive=False, elem_id="mg-table-result")

    def look(table: Any) -> list[Any]:  # noqa: ANN401 - as Gradio sends it
        path = _path(table)
        nothing = [
            gr.update(choices=[("row number", "")], value=""),
            gr.update(choices=[], value=[]),
        ]
        if path is None:
            return [*nothing, "", None]
        try:
            names = tab.columns(path)
        except MovieGenreError as error:
            return [*nothing, pictures.problem(str(error)), None]
        ids_ = gr.update(
            choices=[("row number", ""), *((name, name) for name in names)],
            value="id" if "id" in names else "",
        )
        plots_ = gr.update(choices=names, value=["plot"] if "plot" in names else [])
        return [ids_, plots_, pictures.remark("Choose the columns, then fill the table."), None]

    async def fill(table: Any, id_: str | None, names: list[str]) -> AsyncIterator[list[Any]]:  # noqa: ANN401
        path = _path(table)
        if path is None:
            yield [pictures.problem("there is no table yet; choose one"), None]
            return
        yield [pictures.remark("Reading the table ..."), None]
        try:
            async for found in tab.predict(path, id_, names or []):
                if isinstance(found, Path):
                    yield [pictures.remark("All done."), str(found)]
                else:
                    yield [pictures.progress(*found), None]
        except MovieGenreError as error:
            yield [pictures.problem(str(error)), None]

    upload.change(look, [upload], [ids, plots, status, result], **_QUICK)
    go.click(fill, [upload, ids, plots], [status, result], concurrency_limit=2, **_QUICK)


def _updates(shown: Shown) -> list[Any]:
    """Return what Gradio is to change, in the order of the outputs."""
    if shown.seen is None and shown.bars is None:  # the answer stays as it is
        return [gr.skip(), gr.skip(), *(_or_skip(part) for part in _parts(shown))]
    choices: Any = gr.skip()
    if shown.seen is not None:
        choices = gr.update(choices=shown.seen.genres, value=shown.genre)
    return [shown.seen, choices, *(_or_skip(part) for part in _parts(shown))]


def _parts(shown: Shown) -> Sequence[str | None]:
    told = (shown.status, shown.bars, shown.shares, shown.alone)
    return (*told, shown.words, shown.regions, shown.similar)


def _or_skip(part: str | None) -> Any:  # noqa: ANN401 - what Gradio makes of it
    return gr.skip() if part is None else part


def _path(upload: Any) -> Path | None:  # noqa: ANN401 - as Gradio sends it
    return Path(upload["path"]) if upload and upload.get("path") else None


def _title(example: ExampleFilm) -> str:
    missing = [n for n in ("plot", "poster") if getattr(example, n) is None]
    return f"{example.title} (no {missing[0]})" if missing else example.title


def _example(example: ExampleFilm) -> list[Any]:
    return [example.plot or "", str(example.poster) if example.poster else None]
