"""Plots and titles of made-up movies: sentences with slots, some of them cues for a genre."""

import random

_PEOPLE = (
    "a retired teacher", "a young carpenter", "a stubborn nurse", "two estranged brothers",
    "a lonely widow", "a gifted pianist", "a taxi driver", "a librarian with a secret",
    "an ambitious cook", "a shy translator", "a former swimmer", "three old classmates",
    "a night porter", "a failed actor", "a village doctor", "a travelling salesman",
)  # fmt: skip
_NAMES = (
    "Anna", "Tomas", "Mireille", "Joseph", "Ines", "Walter", "Nadia", "Oskar", "Paloma", "Henry",
    "Greta", "Samuel", "Yuki", "Leon", "Carmen", "Viktor",
)  # fmt: skip
_PLACES = (
    "a harbour town", "the outskirts of the capital", "a mountain village", "a big grey city",
    "an island in the north", "a small mining town", "the old quarter", "a river valley",
    "a seaside resort out of season", "a suburb where nothing happens",
)  # fmt: skip
_TIMES = (
    "One summer", "In the last week of autumn", "After a long absence", "On an ordinary Monday",
    "Shortly before the holidays", "In the year of the flood", "Late one evening",
)  # fmt: skip

_OPENINGS = (
    "{time}, {person} comes to {place} and meets {name}.",
    "{name} lives in {place}, until {person} knocks at the door.",
    "In {place}, {person} and {name} share a house and little else.",
    "{time}, {name} finds a letter that was meant for {person}.",
    "{person_capital} from {place} is asked by {name} for a favour.",
)
_FILLERS = (
    "Nobody in {place} has an answer.",
    "{name} keeps a notebook and tells no one.",
    "The neighbours talk, and the days go by.",
    "What begins as a visit becomes a long stay.",
    "{name} and {second} have known each other for years.",
    "A photograph changes how {name} sees the past.",
    "There is not much time left to decide.",
    "By the end of the week everything is different.",
    "{second} promises to help, for a reason of their own.",
    "The telephone rings, and {name} does not pick it up.",
)

# Cues for a genre. No sentence has the name of a genre.
_CUES: dict[str, tuple[str, ...]] = {
    "Drama": (
        "{name} must come to terms with the illness of a parent.",
        "An old grief between father and daughter breaks open again.",
        "{name} loses the job and hides it from the family.",
        "The family struggles to forgive what happened years ago.",
        "A funeral brings the grief of three generations to the surface.",
    ),
    "Comedy": (
        "A string of hilarious misunderstandings follows.",
        "The clumsy plan goes wrong in the silliest way.",
        "{name} pretends to be a wedding planner, with absurd consequences.",
        "A runaway goat and a ridiculous bet make it all worse.",
        "The hilarious rivalry of two clumsy neighbours gets out of hand.",
    ),
    "Romance": (
        "{name} and {second} fall in love against all advice.",
        "A first kiss in the rain changes their plans.",
        "Two hearts have to choose between love and duty.",
        "{name} writes love letters that are never sent.",
        "An unexpected marriage proposal leaves both sleepless.",
    ),
    "Thriller": (
        "A stranger is watching, and the threats become more precise.",
        "{name} is hunted by someone who knows every step.",
        "Nothing is what it seems, and the conspiracy reaches far up.",
        "With hours left, {name} has to find the hostage.",
        "A ransom call turns the night into a deadly game of deceit.",
    ),
    "Action": (
        "A breathless chase ends in an explosion on the bridge.",
        "{name} fights a squad of mercenaries with bare hands.",
        "An elite commando is sent in to stop the bomb.",
        "Shootouts and fast cars leave the quarter in ruins.",
        "The fighter takes on an army of mercenaries to save {second}.",
    ),
    "Crime": (
        "A detective finds the gangster's money in the cellar.",
        "The bank robbery was planned by the police chief himself.",
        "A drug cartel demands its share, and a detective looks away.",
        "{name} joins a gang of thieves for one last heist.",
        "The murder of a gangster sets two families against each other.",
    ),
    "Horror": (
        "Something evil lives under the stairs and feeds at night.",
        "One by one the guests are found dead, drained of blood.",
        "A demon speaks through the child.",
        "The dead rise from the old cemetery.",
        "{name} hears screams from the haunted attic.",
    ),
    "Adventure": (
        "An old map leads them through jungle and desert to a lost treasure.",
        "The expedition sails into uncharted waters.",
        "They set out on a perilous journey across the glacier.",
        "A shipwreck leaves the explorers on an unknown island.",
        "The quest for the treasure takes them around the world.",
    ),
    "Sci-Fi": (
        "A signal from a distant planet is answered.",
        "The robot begins to dream.",
        "On board the spaceship, the crew wakes up a century late.",
        "An experiment with time leaves two versions of {name}.",
        "Aliens have been living among them all along.",
    ),
    "Fantasy": (
        "A young wizard inherits a kingdom under a spell.",
        "The dragon wakes, and with it an old prophecy.",
        "A magic mirror opens the way to an enchanted realm.",
        "The fairy queen asks for a promise that cannot be kept.",
        "Only the cursed sword can break the spell.",
    ),
    "War": (
        "The soldiers of the regiment hold the trench through the winter.",
        "Behind enemy lines, a young soldier hides in a barn.",
        "The army retreats, and the bombing of the city begins.",
        "A platoon is ordered to take the hill at any price.",
        "The occupation divides the village into traitors and soldiers.",
    ),
    "Western": (
        "The sheriff has until noon to find more guns.",
        "A cattle rancher hires a gunslinger to guard the herd.",
        "Outlaws on horseback ride into the dusty frontier town.",
        "The stagecoach never reaches the fort.",
        "A saloon keeper stands up to the outlaws.",
    ),
}

_ADJECTIVES = (
    "Silent", "Last", "Golden", "Broken", "Hidden", "Second", "Crooked", "Distant", "Endless",
    "Borrowed", "Quiet", "Blue", "Paper", "Hollow", "Northern", "Early",
)  # fmt: skip
_NOUNS = (
    "River", "Promise", "Hour", "Garden", "Station", "Letter", "Harbour", "Season", "Road",
    "Window", "Island", "Guest", "Winter", "Orchard", "Signal", "Answer",
)  # fmt: skip

_LONG_FILLERS = (5, 12)
_LONG_CUES = (2, 3)


def make_title(rng: random.Random) -> str:
    """Return a title; it says nothing about the genre."""
    return f"The {rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)}"


def make_plot(shown: list[str], rng: random.Random, *, long: bool) -> str:
    """Return a plot.

    Args:
        shown: Names of the genres that get cues.
        rng: The generator of all choices.
        long: Several cues for each genre, and more other sentences.
    """
    slots = {
        "time": rng.choice(_TIMES),
        "person": rng.choice(_PEOPLE),
        "place": rng.choice(_PLACES),
    }
    slots["person_capital"] = slots["person"][0].upper() + slots["person"][1:]
    slots["name"], slots["second"] = rng.sample(_NAMES, 2)
    middle: list[str] = []
    for genre in shown:
        num_cues = rng.randint(*_LONG_CUES) if long else 1
        middle += rng.sample(_CUES[genre], num_cues)
    num_fillers = rng.randint(*_LONG_FILLERS) if long else 1
    middle += rng.choices(_FILLERS, k=num_fillers)
    rng.shuffle(middle)
    sentences = [rng.choice(_OPENINGS), *middle]
    return " ".join(sentence.format(**slots) for sentence in sentences)
