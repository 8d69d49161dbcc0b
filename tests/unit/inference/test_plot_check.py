"""Plots that say nothing are named and ignored; real ones are left alone."""

import pytest

from moviegenre.data.placeholders import is_placeholder
from moviegenre.data.text import PlotTokenizer
from moviegenre.inference.plot_check import check_plot, check_plots, other_language

FACTS = "is only about how the film was made, released or received"
PLOT = "A postman steals a letter from the duchess, and a town near Dover talks of nothing else."


@pytest.mark.parametrize(
    "text",
    [
        "N/A", "n.a.", "-", "TBA", "...", "???", "Unknown", "nan", "NULL", "None", "[]", "0",
        "<p></p>", "&nbsp;", "\ufeff", "Add a plot", "No overview found.", "Plot unknown.",
        "Plot under wraps.", "No description available", "Plot details are currently unknown.",
        "We don't have an overview translated in English.", "Coming soon", "to be announced",
        "Plot details are being kept under wraps.", "See full summary »", "The story is unknown.",
        "It looks like we don't have a Synopsis for this title yet.", "Add content", "Plot: N/A",
        "It looks like we don\u2019t have any Plot Summaries for this title yet. Be the first!",
        "We don't have an overview translated in English. Help us expand our database.",
        "This plot synopsis is empty for now. Contribute to this page", "Story unknown",
        "Kein Plot verfügbar", "Keine Angabe", "Inhalt unbekannt", "Sinopsis no disponible",
        "Es gibt noch keine Inhaltsangabe zu diesem Film.", "Sin sinopsis", "No hay información.",
        "No tenemos una sinopsis en español. Ayúdanos añadiendo una.", "Aucun synopsis disponible.",
        "Pas de résumé", "Nessuna trama disponibile", "Sem sinopse", "Sinopse não disponível",
        "Geen beschrijving beschikbaar", "Ingen beskrivning", "Brak opisu w języku polskim.",
        "Описание отсутствует", "[Deleted]", "removed", "S01E02",
        "We are sorry, but an overview has not been translated into your language yet.",
        "Popis není k dispozici", "暂无简介", "あらすじはありません。",
    ],
)  # fmt: skip
def test_placeholders_are_ignored(text: str) -> None:
    check = check_plot(text)
    assert is_placeholder(text)
    assert not check.usable
    assert check.warning is not None
    assert "placeholder" in check.warning


@pytest.mark.parametrize(
    "text",
    [
        "Unknown men rob a bank.",
        "None of the survivors trusts the others.",
        "Missing persons are hunted by a detective.",
        "Plot to kill the king is discovered by a spy.",
        "Test pilots race to space.",
        "No plot of land is worth this feud, thinks the farmer.",
        "There is no plot. A clown and a widow take turns on a stage in Vienna.",
        "The story is not known to the villagers until a stranger comes.",
        "The plot is unknown to all but the king's brother, who plans his death.",
        "See more of the world, says her father, and she leaves the farm.",
    ],
)
def test_plots_that_begin_like_placeholders_are_read(text: str) -> None:
    assert check_plot(text).usable


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Eine junge Frau zieht mit ihrem Kind in ein altes Haus.", "German"),
        ("Une jeune femme emménage avec son enfant dans une vieille maison.", "French"),
        ("若い女性が子供と古い家に引っ越す。", "Japanese"),
        ("Молодая женщина переезжает в старый дом.", "Russian"),
        ("Una mujer joven se muda con su hijo a una casa vieja.", "Spanish"),
    ],
)
def test_other_languages_are_named(text: str, language: str) -> None:
    assert other_language(text) == language
    check = check_plot(text)
    assert not check.usable
    assert check.warning is not None
    assert f"not in English ({language})" in check.warning


@pytest.mark.parametrize("text", [PLOT, "Dinosaurs attack New York", "Lagaan", "Amélie meets Nino"])
def test_english_and_names_are_no_other_language(text: str) -> None:
    assert other_language(text) is None


@pytest.mark.parametrize(
    "text", ["A man.", "A film about life.", "They do what they do.", "12 345"]
)
def test_texts_without_a_telling_word_are_ignored(text: str) -> None:
    assert not check_plot(text).usable


def test_a_very_short_plot_is_read_with_a_warning() -> None:
    check = check_plot("Zombies attack Dover.")
    assert check.usable
    assert check.warning == "The plot is very short, so the answer is less certain."
    assert check_plot(PLOT).warning is None


def test_a_plot_of_few_different_words_is_read_with_a_warning() -> None:
    check = check_plot(
        "The zombies of Dover and the zombies of Calais attack. Zombies attack Dover."
    )
    assert check.warning == "The plot is very short, so the answer is less certain."
    repeated = check_plot("A detective hunts a killer in Chicago. " * 600)
    assert repeated.usable
    assert repeated.warning == "The plot has few different words, so the answer is less certain."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("blah blah blah blah blah blah blah blah blah", "repeats the same words"),
        ("Love, love, love! Love and love. Love, love, love.", "repeats the same words"),
        ("We use cookies to improve your experience. Accept all.", "is a message of a web page"),
        ("Sorry, the page you requested could not be found.", "is a message of a web page"),
        ("404 Not Found", "is a message of a web page"),
        ("SELECT title FROM movies WHERE year > 1990 ORDER BY rating", "is program code"),
        ('{"error": {"message": "Resource not found"}}', "is program code"),
        ("https://www.imdb.com/title/tt0090605/plot", "is the address of a page or a file"),
        ("/films/Aliens (1986)/Aliens.1986.mkv", "is the address of a page or a file"),
        ("Sigourney Weaver, Michael Biehn, Carrie Henn", "is a list of names"),
        ("Director: James Cameron. Stars: Bill Paxton. Runtime 137 min", FACTS),
        ("Directed by Steven Spielberg. Starring Tom Hanks and Matt Damon.", FACTS),
        (
            "Starring Julia Roberts, Richard Gere and Hector Elizondo, directed by G. Marshall.",
            FACTS,
        ),
        ("English, 120 min, colour, Dolby Digital, 2.35:1, region 2, subtitles: French", FACTS),
        ("Disc 1 of 3. Scanned from VHS.", FACTS),
        ("Winner of three Academy Awards including Best Picture", FACTS),
        ("The Under-Sheriff is a 1914 movie starring Roscoe Arbuckle.", FACTS),
        ("Coming soon to theaters.", FACTS),
        ("In theaters December 25.", FACTS),
        ("Season 2, Episode 4", FACTS),
        ("The sequel to the hit film.", FACTS),
        ("Watch the trailer now.", FACTS),
        ("Best film ever, five stars.", FACTS),
        ("Great movie! I loved it, 10/10, must see.", FACTS),
        ("A remake.", "says too little to tell a genre"),
        ("This is the third film in the series.", "says too little to tell a genre"),
        ("SELECT * FROM movies", "is program code"),
        ("SELECT title, year FROM movies;", "is program code"),
        ("MATCH (m:Movie) RETURN m.plot", "is program code"),
        ("DROP TABLE movies", "is program code"),
        ("plots.txt", "is the address of a page or a file"),
        ("my movie plots.docx", "is the address of a page or a file"),
    ],
)
def test_texts_of_another_kind_are_ignored(text: str, reason: str) -> None:
    assert check_plot(text).warning == f"The plot {reason}, so it was ignored."


@pytest.mark.parametrize(
    "text",
    [
        "Action, Adventure, Sci-Fi",
        "Select a victim, says the letter from the killer, and a town falls apart.",
        "Interviews with the surviving astronauts, including Jim Lovell, Dave Scott, John Young.",
        "ZOMBIES, VAMPIRES, WEREWOLVES ATTACK DOVER",
        "A hacker finds page 404 of a stolen diary.",
        "A Western starring John Wayne",
        "The Saint is a Hong Kong Martial Arts movie starring Stanley Fung.",
        "A Romance-Comedy directed by Wong Jing",
        "Murder at the Academy Awards.",
        "A director stars in his own film and loses his wife.",
        "The winner takes all.",
        "A hit man.",
        "A man loved by two women.",
        "A season in hell.",
        "Two sisters meet in the theatre.",
        "Select agents from Rome hunt a killer.",
        "A sequel to the vampire film.",
        "A girl deleted by mistake.",
        "Ghosts.Vampires attack Dover.",
    ],
)
def test_plots_that_look_like_another_kind_are_read(text: str) -> None:
    assert check_plot(text).usable


def test_random_letters_are_ignored_where_the_tokenizer_is_known() -> None:
    tokenizer = PlotTokenizer.from_words([PLOT], max_words=100)
    check = check_plot("qwrtz asdfg yxcvb", tokenizer=tokenizer)
    assert not check.usable
    assert check.warning == "The plot is mostly unknown words or symbols, so it was ignored."
    assert check_plot(PLOT, tokenizer=tokenizer) == check_plot(PLOT)


def test_a_model_of_another_language_still_refuses_placeholders() -> None:
    german = "Eine junge Frau zieht mit ihrem Kind in ein altes Haus."
    assert check_plot(german, english=False).usable
    assert not check_plot("TBA", english=False).usable


def test_of_several_texts_the_usable_ones_are_kept() -> None:
    assert check_plots(["N/A", PLOT]) == ([PLOT], None)
    texts, warning = check_plots(["N/A", "TBA"])
    assert texts == []
    assert warning == 'The plot is a placeholder ("N/A"), so it was ignored.'
    assert check_plots([]) == ([], None)
