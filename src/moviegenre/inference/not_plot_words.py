"""Words of texts about a film that do not tell its story: how it is made, released and received."""

_CREDITS = frozenset(
    """directed director directors dir starring stars star starred cast costarring co-starring
    co-stars written writer writers produced producer producers screenplay screenwriter
    screenwriters featuring features music composed composer soundtrack cinematography
    cinematographer edited editor crew credits narrated narrator voiced distributed distributor
    co-directed co-written co-produced regie besetzung darsteller""".split()  # noqa: SIM905
)
_TECHNICAL = frozenset(
    """min mins minute minutes runtime duration hour hours hr hrs dolby dts stereo mono ratio
    widescreen fullscreen anamorphic letterbox region subtitles subtitled subtitle audio languages
    pal ntsc dvd dvds blu-ray bluray vhs laserdisc disc discs disk tape scanned transfer ripped rip
    encoded codec bitrate kbps fps resolution remastered restored unrated uncut edition pixels
    certificate certification rated format released filesize gb mb hd uhd hdr hevc sdh
    """.split()  # noqa: SIM905
)
_AWARDS = frozenset(
    """award awards awarded oscar oscars bafta baftas emmy emmys golden-globe golden-globes
    nominated nominee nomination nominations winner winners prize prizes wins palme
    """.split()  # noqa: SIM905
)
SEQUELS = frozenset({"sequel", "sequels", "prequel", "prequels"})

_RELEASE = SEQUELS | frozenset(
    """theaters theatres cinemas streaming streams premiere premieres premiered aired airs trailer
    trailers teaser finale tickets season seasons episode episodes subscribe website sign watch
    view coming upcoming""".split()  # noqa: SIM905
)
_OPINIONS = frozenset(
    """great amazing awesome excellent fantastic brilliant terrible awful boring overrated
    underrated masterpiece must-see recommend recommended loved enjoyed hated liked review reviews
    reviewed rating ratings thumbs spoilers acting script
    """.split()  # noqa: SIM905
)
FACT_WORDS = _CREDITS | _TECHNICAL | _AWARDS | _RELEASE | _OPINIONS
"""Words of credits, technical data, awards, advertisements and opinions."""

FILLERS = frozenset(
    """a an the and & or of by with in on at for from to is was were are has have had it its this
    that as also plus another other others more including includes include included among all
    film films movie movies picture pictures feature short full screen original best won win
    nominated total academy golden globe globes festival grand jury audience critics choice guild
    supporting leading actor actors actress actresses performance performances score song
    foreign language adapted visual effects sound costume design make-up
    executive associate production productions company companies studio studios
    running time length approx approximately about colour color black white b&w digital surround
    aspect special commentary deleted scenes version extended theatrical cut release date
    title year country classification video story plot series show hit official long-awaited
    soon now here today tonight summer winter spring fall next week month available everywhere
    only i we you our your me my must see read click up free online site more go get don't miss not
    be will very really so ever highly too watching
    one two three four five six seven eight nine ten eleven twelve several many numerous
    first second third
    d' d'or de da del della di du la le van von der den ter bin ibn y e el al jr sr st mac mc
    english french german spanish italian portuguese dutch danish swedish norwegian finnish polish
    czech hungarian russian greek turkish arabic hebrew hindi tamil telugu japanese korean chinese
    mandarin cantonese thai""".split()  # noqa: SIM905
)
"""Words that may stand beside these words; capitalised words may too, because they are names."""
