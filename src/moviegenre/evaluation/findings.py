"""The findings of a comparison, in sentences computed from its scores.

A sentence names the better model, its lead in points of F1-macro and in per cent, and whether the
paired bootstrap's 95 % interval of the difference includes zero. If a finding cannot be computed,
its sentence names the missing models.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moviegenre.evaluation.compare import Comparison, Contrast, ModelResult
from moviegenre.evaluation.results import number_or_none

_SUBJECTS = {"plot": "plots", "poster": "posters", "fusion": "plots and posters together"}


@dataclass(frozen=True)
class Finding:
    """One question and its computed answer.

    Attributes:
        key: Its name in ``results.json``.
        heading: Its heading in the report.
        sentences: The answer.
        contrasts: The compared pairs of models; empty if it cannot be computed.
    """

    key: str
    heading: str
    sentences: tuple[str, ...]
    contrasts: tuple[Contrast, ...] = ()

    def to_json_dict(self) -> dict[str, Any]:
        """Return plain values; scores and intervals are fractions in [-1, 1]."""
        return {
            "heading": self.heading,
            "sentences": list(self.sentences),
            "computed": bool(self.contrasts),
            "contrasts": [_contrast_to_json_dict(contrast) for contrast in self.contrasts],
        }


def _contrast_to_json_dict(contrast: Contrast) -> dict[str, Any]:
    interval = contrast.interval
    return {
        "model": contrast.first.name,
        "against": contrast.second.name,
        "f1_macro": number_or_none(contrast.first.score),
        "against_f1_macro": number_or_none(contrast.second.score),
        "difference": number_or_none(contrast.difference),
        "per_cent": contrast.per_cent,
        "ratio": contrast.ratio,
        "interval": [number_or_none(interval.low), number_or_none(interval.high)],
        "interval_includes_zero": interval.holds_zero,
    }


def findings(comparison: Comparison) -> tuple[Finding, ...]:
    """Answer four questions about the models, and one about the bag-of-words baseline."""
    if math.isnan(comparison.ranking[0].score):
        reason = "Cannot be computed: no genre has a movie in this split."
        return tuple(Finding(key, heading, (reason,)) for key, heading, _ in _QUESTIONS)
    return tuple(Finding(key, heading, *answer(comparison)) for key, heading, answer in _QUESTIONS)


Answer = tuple[tuple[str, ...], tuple[Contrast, ...]]


def _fusion_advantage(comparison: Comparison) -> Answer:
    fusion = comparison.best("fusion")
    single = next((r for r in comparison.ranking if r.run.family.is_single), None)
    if fusion is None or single is None:
        return _missing(comparison, {"fusion model": fusion, "single-modality model": single})
    contrast = comparison.contrast(fusion, single)
    opening = "Fusion wins" if contrast.difference > 0 else "Fusion does not win"
    if contrast.difference > 0 and not contrast.is_clear:
        opening = "Fusion leads, but not clearly"
    sentence = (
        f"{opening}: {fusion.run.title}, the best fusion ({_points(fusion)} F1-macro), "
        f"{_distance(contrast)} {single.run.title}, the best single modality "
        f"({_points(single)}); {_certainty(contrast)}"
    )
    return (sentence,), (contrast,)


def _modality_contribution(comparison: Comparison) -> Answer:
    plot, poster = comparison.best("plot"), comparison.best("poster")
    if plot is None or poster is None:
        return _missing(comparison, {"plot model": plot, "poster model": poster})
    contrast = comparison.contrast(plot, poster)
    plot_leads = contrast.difference >= 0
    ahead = contrast if plot_leads else comparison.contrast(poster, plot)
    better, worse = ("plot", "poster") if plot_leads else ("poster", "plot")
    opening = f"{better.capitalize()}s tell more than {worse}s"
    if ahead.difference == 0:
        opening = "Plots and posters tell the same"
    elif not ahead.is_clear:
        opening += ", but not clearly"
    ratio_text = f"reaches {ahead.ratio:.2f} times" if ahead.ratio is not None else "stands against"
    sentence = (
        f"{opening}: {ahead.first.run.title}, the best {better} model "
        f"({_points(ahead.first)} F1-macro), {ratio_text} the F1-macro of "
        f"{ahead.second.run.title}, the best {worse} model ({_points(ahead.second)}); "
        f"{_certainty(ahead)}"
    )
    return (sentence,), (contrast,)


def _transfer_learning(comparison: Comparison) -> Answer:
    sentences: list[str] = []
    contrasts: list[Contrast] = []
    candidates = [r for r in comparison.ranking if r.run.baseline is not None]
    for result in candidates:
        baseline = comparison.find(result.run.baseline or "")
        reason = _not_pretraining(result, baseline)
        if baseline is None or reason is not None:
            sentences.append(f"Cannot be computed for {result.run.title}: {reason}.")
            continue
        contrast = comparison.contrast(result, baseline)
        subject = _SUBJECTS.get(result.kind, result.kind)
        pays = "pays" if contrast.difference > 0 else "does not pay"
        clearly = ", but not clearly" if contrast.difference > 0 and not contrast.is_clear else ""
        sentences.append(
            f"Pretraining {pays} for {subject}{clearly}: {result.run.title} "
            f"({_points(result)} F1-macro) {_distance(contrast)} {baseline.run.title}, trained "
            f"from scratch ({_points(baseline)}); {_certainty(contrast)}"
        )
        contrasts.append(contrast)
    if not candidates:
        return _missing(comparison, {"pretrained model with a baseline": None})
    return tuple(sentences), tuple(contrasts)


def _not_pretraining(result: ModelResult, baseline: ModelResult | None) -> str | None:
    """Return why two models do not show what pretraining changes; None if they do."""
    if baseline is None:
        return f"its baseline {result.run.baseline} was not compared"
    if not result.run.pretrained:
        return "its settings name no pretrained weights"
    if baseline.run.pretrained:
        return f"its baseline {baseline.run.title} started from pretrained weights as well"
    if result.run.track != baseline.run.track:
        return f"it and its baseline {baseline.run.title} learned from different movies"
    return None


def _fusion_strategies(comparison: Comparison) -> Answer:
    fusions = [r for r in comparison.models if r.kind == "fusion"]
    if not fusions:
        return _missing(comparison, {"fusion model": None})
    best, other_fusions = fusions[0], fusions[1:]
    if not other_fusions:
        return (
            f"Cannot be computed: {best.run.title} ({_points(best)} F1-macro) is the only fusion "
            "model compared.",
        ), ()
    sentences = [f"{_sentence_case(best.run.title)} is the best fusion ({_points(best)} F1-macro)."]
    contrasts = [comparison.contrast(other, best) for other in other_fusions]
    for contrast in contrasts:
        share = "" if contrast.ratio is None else f" reaches {100 * contrast.ratio:.1f} % of it and"
        title = _sentence_case(contrast.first.run.title)
        sentences.append(
            f"{title} ({_points(contrast.first)}){share} {_distance(contrast, with_share=False)} "
            f"it; {_certainty(contrast)}"
        )
    return tuple(sentences), tuple(contrasts)


def _bag_of_words(comparison: Comparison) -> Answer:
    bag = next((r for r in comparison.baselines if r.kind == "plot"), None)
    models = comparison.models
    if bag is None or not models:
        return _missing(comparison, {"bag-of-words baseline": bag, "model": models})
    rivals = {"model besides baselines": models[0]}
    best_plot = comparison.best("plot")
    if best_plot is not None and best_plot is not models[0]:
        rivals["plot model"] = best_plot
    sentences: list[str] = []
    contrasts: list[Contrast] = []
    for kind, rival in rivals.items():
        contrast = comparison.contrast(rival, bag)
        opening = "Beaten" if contrast.difference > 0 else "Not beaten"
        if contrast.difference > 0 and not contrast.is_clear:
            opening = "Beaten, but not clearly"
        sentences.append(
            f"{opening}: {rival.run.title}, the best {kind} ({_points(rival)} F1-macro), "
            f"{_distance(contrast)} {bag.run.title} ({_points(bag)}); {_certainty(contrast)}"
        )
        contrasts.append(contrast)
    return tuple(sentences), tuple(contrasts)


_QUESTIONS: tuple[tuple[str, str, Callable[[Comparison], Answer]], ...] = (
    ("fusion_advantage", "Fusion advantage", _fusion_advantage),
    ("modality_contribution", "Modality contribution", _modality_contribution),
    ("transfer_learning", "Transfer learning", _transfer_learning),
    ("fusion_strategies", "Fusion strategies", _fusion_strategies),
    ("bag_of_words", "Against a bag of words", _bag_of_words),
)


def _missing(comparison: Comparison, candidates: Mapping[str, object]) -> Answer:
    """Return the sentence that names the kinds of model without a candidate."""
    names = ", ".join(sorted(result.name for result in comparison.ranking))
    missing = " and ".join(f"no {kind}" for kind, result in candidates.items() if not result)
    return (f"Cannot be computed: {missing} was compared (compared: {names}).",), ()


def _points(result: ModelResult) -> str:
    return f"{100 * result.score:.2f}"


def _distance(contrast: Contrast, *, with_share: bool = True) -> str:
    """Return a difference in words, as in ``is 3.10 points (5.3 %) above``."""
    if contrast.difference == 0:
        return "scores the same as"
    side = "above" if contrast.difference > 0 else "below"
    per_cent = contrast.per_cent
    share = f" ({abs(per_cent):.1f} %)" if with_share and per_cent is not None else ""
    return f"is {100 * abs(contrast.difference):.2f} points{share} {side}"


def _certainty(contrast: Contrast) -> str:
    """Return in words whether the difference is clear on these movies."""
    low, high = 100 * contrast.interval.low, 100 * contrast.interval.high
    interval = f"the paired bootstrap's 95 % interval of the difference, {low:+.2f} to {high:+.2f}"
    text = f"{interval} points, leaves out zero."
    if not contrast.is_clear:
        text = f"{interval} points, includes zero, so these movies do not tell the two apart."
    first, second = contrast.first.tuned, contrast.second.tuned
    if first is not None and second is not None:
        tuned = first.macro.f1_macro - second.macro.f1_macro
        if tuned * contrast.difference < 0:
            text += (
                " With thresholds tuned on validation the order is reversed: "
                f"{100 * first.macro.f1_macro:.2f} against {100 * second.macro.f1_macro:.2f}."
            )
    if contrast.first.run.track != contrast.second.run.track:
        text += " One of them (open) also learned from further plots, which may be the reason."
    return text


def _sentence_case(title: str) -> str:
    return title[:1].upper() + title[1:]
