"""Words of texts such as "No overview available" or "Kein Plot verfügbar", in many languages."""

# ruff: noqa: RUF001 - letters of several scripts

import re

_NEGATIONS = frozenset(
    """no not don't isn't hasn't none unknown unavailable undisclosed missing empty nothing
    kept wraps wrapped shrouded soon announced needed needs tba tbc tbd n/a
    kein keine keinen nicht unbekannt fehlt
    sin ningún ninguna ninguno desconocido desconocida pendiente
    aucun aucune pas non indisponible inconnu inconnue
    nessun nessuna senza sconosciuto sconosciuta
    nenhum nenhuma sem não indisponível desconhecido desconhecida
    geen niet onbekend
    ingen inget inga intet inte ikke saknas mangler okänd ukjent ukendt
    brak nie niedostępny niedostępna nieznany nieznana
    нет отсутствует недоступно неизвестно неизвестен не немає відсутній няма липсва
    žádný není bez nemáme nincs nincsen nem fără nu nicio indisponibil indisponibilă
    ei puuttuu yok bulunamadı değil bulunmuyor δεν χωρίς""".split()  # noqa: SIM905
)
_NOUNS = frozenset(
    """plot plots overview synopsis synopses description descriptions summary summaries storyline
    story outline logline tagline information info details data content text
    inhalt inhaltsangabe inhaltsangaben handlung handlungsbeschreibung beschreibung übersicht
    zusammenfassung informationen infos angabe angaben kurzbeschreibung daten
    sinopsis descripción resumen argumento trama información datos
    résumé intrigue informations aperçu scénario donnée données vue d'ensemble
    sinossi descrizione riassunto informazione informazioni
    sinopse descrição resumo enredo informação informações
    beschrijving samenvatting omschrijving overzicht informatie verhaallijn
    handling beskrivning beskrivelse sammanfattning oversigt oversikt översikt resumé sammendrag
    synops opis opisu fabuła fabuły streszczenie streszczenia informacji
    описание описания сюжет сюжета обзор обзора информация информации опис опису
    popis popisu obsah obsahu leírás áttekintés tartalom descriere rezumat informații
    kuvausta kuvaus juonikuvausta juonta yhteenvetoa özet açıklama konu bilgi
    περιγραφή υπόθεση πλοκή""".split()  # noqa: SIM905
)
_FILLERS = frozenset(
    """available found yet given provided translated added known written disclosed secret secrecy
    revealed released confirmed determined english exist exists entered currently still so far now
    right at moment time under being be been has have had is are was were will there there's
    we i it looks seems like sorry unfortunately the this that these its a an any for of about on in
    to into your but as movie film title show series season episode item language our database
    coming remains follow
    verfügbar vorhanden bekannt gefunden angegeben eingetragen hinzugefügt es gibt ist sind wurde
    noch derzeit wir haben für diesen dieser dieses diesem den zu zum zur filme films titel deutsch
    deutsche deutscher deutschen die auf der übersetzt übersetzung leider
    disponible disponibles encontrado encontrada hay tenemos una un está en español esta película
    título este para se ha aún todavía de la traducida al
    trouvé trouvée trouvés il n'y y avons nous n'avons d' du ce cette le les l' pour est encore
    français traduite traduit à venir l'instant
    disponibile disponibili trovato trovata trovate c'è abbiamo per questo è ancora italiano
    tradotta del
    disponível disponíveis há temos uma um o filme em português ainda traduzida
    beschikbaar gevonden bekend hebben voor deze dit er vertaald het nederlands
    tillgänglig tillgängligt tilgængelig tilgjengelig hittades fundet funnet vi har för denna på
    svenska dansk norsk är ännu finns til
    dostępny dostępna dostępnego mamy dla tego filmu w polskim języku przetłumaczonego na polski
    język
    у нас пока для этого фильма на русском языке найдено найден доступно к переведенного русский
    dispozici k je pro tento tohoto elérhető található ehhez filmhez disponibil disponibilă
    există acest saatavilla ole elokuvalle mevcut bu için υπάρχει διαθέσιμη""".split()  # noqa: SIM905
)
_WORD = re.compile(r"n/a|[^\W\d_]+(?:'[^\W\d_]+)*'?")
_CALL = re.compile(  # a second sentence that asks for a plot
    r"[.!?]\s+(?:help|be|please|click|contribute|check|add|want|hilf|ayúda|puedes|aidez|aiuta|você"
    r"|ajude|pomóż|помогите|hjälp|hjælp|hjelp)",
)
_WITHOUT_SPACES = re.compile(
    r"(?:あらすじ|概要|説明|情報|解説)(?:は|が)?(?:ありません|なし|不明|準備中|未定|未登録)"
    r"|(?:暂无|暫無|没有|沒有|尚无|尚無|无)(?:相关|影片|剧情|劇情|电影)?"
    r"(?:简介|簡介|剧情|劇情|描述|概述|資料|资料|内容|內容|信息|介绍|介紹)"
    r"|(?:줄거리|설명|개요|정보)(?:가|이)?\s?(?:없음|없습니다|없다)"
)


def says_no_plot(text: str) -> bool:
    """Return whether a text says that there is no plot, in one of many languages.

    It has a word for *no*, a word for *plot*, and otherwise only words that go with them. A request
    to add a plot may follow.

    Args:
        text: A text without markup and without punctuation at both ends.

    Example:
        >>> says_no_plot("Sinopsis no disponible"), says_no_plot("No plot of land is worth it")
        (True, False)
    """
    words = set(_WORD.findall(_CALL.split(text.lower(), maxsplit=1)[0]))
    return _WITHOUT_SPACES.fullmatch(text) is not None or bool(
        words & _NEGATIONS and words & _NOUNS and words <= _NEGATIONS | _NOUNS | _FILLERS
    )
