"""The sentences of the comparison, word for word, whichever way the models fall out."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from moviegenre.evaluation.findings import Finding, findings
from tests.unit.evaluation.fake_runs import make_comparison

CLEAR, UNCLEAR = 0.005, 0.05  # with a difference of 0.03, its interval leaves out or holds zero


def find(key: str, scores: dict[str, float], spread: float = CLEAR) -> Finding:
    return next(f for f in findings(make_comparison(scores, spread=spread)) if f.key == key)


def with_changes(key: str, scores: dict[str, float], name: str, changes: dict[str, Any]) -> Finding:
    comparison = make_comparison(scores, spread=CLEAR)
    ranking = tuple(
        replace(r, run=replace(r.run, **changes)) if r.name == name else r
        for r in comparison.ranking
    )
    return next(f for f in findings(replace(comparison, ranking=ranking)) if f.key == key)


def test_the_questions_are_asked_in_order() -> None:
    all_findings = findings(make_comparison({"bert": 0.5}))
    assert [(f.key, f.heading) for f in all_findings] == [
        ("fusion_advantage", "Fusion advantage"),
        ("modality_contribution", "Modality contribution"),
        ("transfer_learning", "Transfer learning"),
        ("fusion_strategies", "Fusion strategies"),
        ("bag_of_words", "Against a bag of words"),
    ]


def test_fusion_wins() -> None:
    finding = find("fusion_advantage", {"bert": 0.58, "early_fusion": 0.61})
    assert finding.sentences == (
        "Fusion wins: early fusion, the best fusion (61.00 F1-macro), is 3.00 points (5.2 %) above "
        "BERT text, the best single modality (58.00); the paired bootstrap's 95 % interval of the "
        "difference, +2.05 to +3.95 points, leaves out zero.",
    )


def test_fusion_leads_within_the_interval() -> None:
    finding = find("fusion_advantage", {"bert": 0.58, "early_fusion": 0.61}, UNCLEAR)
    assert finding.sentences == (
        "Fusion leads, but not clearly: early fusion, the best fusion (61.00 F1-macro), is 3.00 "
        "points (5.2 %) above BERT text, the best single modality (58.00); the paired bootstrap's "
        "95 % interval of the difference, -6.50 to +12.50 points, includes zero, so these movies "
        "do not tell the two apart.",
    )


def test_fusion_does_not_win() -> None:
    finding = find("fusion_advantage", {"bert": 0.61, "early_fusion": 0.58})
    assert finding.sentences == (
        "Fusion does not win: early fusion, the best fusion (58.00 F1-macro), is 3.00 points "
        "(4.9 %) below BERT text, the best single modality (61.00); the paired bootstrap's 95 % "
        "interval of the difference, -3.95 to -2.05 points, leaves out zero.",
    )


def test_fusion_draws() -> None:
    finding = find("fusion_advantage", {"bert": 0.6, "early_fusion": 0.6})
    assert finding.sentences == (
        "Fusion does not win: early fusion, the best fusion (60.00 F1-macro), scores the same as "
        "BERT text, the best single modality (60.00); the paired bootstrap's 95 % interval of the "
        "difference, -0.95 to +0.95 points, includes zero, so these movies do not tell the two "
        "apart.",
    )


def test_the_best_of_each_side_is_compared() -> None:
    scores = {"cnn": 0.3, "bert": 0.5, "late_fusion": 0.4, "attention_fusion": 0.6}
    (contrast,) = find("fusion_advantage", scores).contrasts
    assert (contrast.first.name, contrast.second.name) == ("attention_fusion", "bert")


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        (
            {"bert": 0.6, "cnn": 0.3},
            "Cannot be computed: no fusion model was compared (compared: bert, cnn).",
        ),
        (
            {"late_fusion": 0.6},
            "Cannot be computed: no single-modality model was compared (compared: late_fusion).",
        ),
    ],
)
def test_what_is_missing_for_the_fusion_advantage(scores: dict[str, float], sentence: str) -> None:
    finding = find("fusion_advantage", scores)
    assert finding.sentences == (sentence,)
    assert finding.contrasts == ()
    assert finding.to_json_dict()["computed"] is False


def test_plots_tell_more() -> None:
    finding = find("modality_contribution", {"resnet": 0.3, "bert": 0.6})
    assert finding.sentences == (
        "Plots tell more than posters: BERT text, the best plot model (60.00 F1-macro), reaches "
        "2.00 times the F1-macro of ResNet vision, the best poster model (30.00); the paired "
        "bootstrap's 95 % interval of the difference, +29.05 to +30.95 points, leaves out zero.",
    )
    assert finding.to_json_dict()["contrasts"][0]["ratio"] == pytest.approx(2.0)


def test_posters_tell_more() -> None:
    finding = find("modality_contribution", {"resnet": 0.6, "bert": 0.5})
    assert finding.sentences == (
        "Posters tell more than plots: ResNet vision, the best poster model (60.00 F1-macro), "
        "reaches 1.20 times the F1-macro of BERT text, the best plot model (50.00); the paired "
        "bootstrap's 95 % interval of the difference, +9.05 to +10.95 points, leaves out zero.",
    )
    (contrast,) = finding.contrasts
    assert (contrast.first.name, contrast.second.name) == ("bert", "resnet")  # always plot first


def test_modalities_within_the_interval() -> None:
    (sentence,) = find("modality_contribution", {"resnet": 0.57, "bert": 0.6}, UNCLEAR).sentences
    assert sentence.startswith("Plots tell more than posters, but not clearly: ")
    assert sentence.endswith("includes zero, so these movies do not tell the two apart.")


def test_modalities_draw() -> None:
    (sentence,) = find("modality_contribution", {"resnet": 0.5, "bert": 0.5}).sentences
    assert sentence.startswith("Plots and posters tell the same: BERT text")


def test_a_poster_model_without_a_single_hit_has_no_ratio() -> None:
    finding = find("modality_contribution", {"cnn": 0.0, "bert": 0.5})
    assert finding.sentences[0].startswith(
        "Plots tell more than posters: BERT text, the best plot model (50.00 F1-macro), stands "
        "against the F1-macro of CNN vision, the best poster model (0.00); "
    )
    assert finding.to_json_dict()["contrasts"][0]["ratio"] is None


def test_what_is_missing_for_the_modalities() -> None:
    assert find("modality_contribution", {"early_fusion": 0.5}).sentences == (
        "Cannot be computed: no plot model and no poster model was compared "
        "(compared: early_fusion).",
    )


def test_pretraining_pays_and_does_not() -> None:
    scores = {"lstm": 0.5, "bert": 0.55, "cnn": 0.3, "resnet": 0.27}
    assert find("transfer_learning", scores).sentences == (
        "Pretraining pays for plots: BERT text (55.00 F1-macro) is 5.00 points (10.0 %) above LSTM "
        "text, trained from scratch (50.00); the paired bootstrap's 95 % interval of the "
        "difference, +4.05 to +5.95 points, leaves out zero.",
        "Pretraining does not pay for posters: ResNet vision (27.00 F1-macro) is 3.00 points "
        "(10.0 %) below CNN vision, trained from scratch (30.00); the paired bootstrap's 95 % "
        "interval of the difference, -3.95 to -2.05 points, leaves out zero.",
    )


def test_pretraining_within_the_interval() -> None:
    (sentence,) = find("transfer_learning", {"lstm": 0.5, "bert": 0.53}, UNCLEAR).sentences
    assert sentence.startswith("Pretraining pays for plots, but not clearly: BERT text (53.00")


def test_what_is_missing_for_pretraining() -> None:
    finding = find("transfer_learning", {"bert": 0.5, "cnn": 0.2, "resnet": 0.3})
    assert finding.sentences[0] == (
        "Cannot be computed for BERT text: its baseline lstm was not compared."
    )
    assert finding.sentences[1].startswith("Pretraining pays for posters: ResNet vision")
    assert find("transfer_learning", {"cnn": 0.2, "lstm": 0.4}).sentences == (
        "Cannot be computed: no pretrained model with a baseline was compared "
        "(compared: cnn, lstm).",
    )


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("bert", {"pretrained": False}, "its settings name no pretrained weights"),
        (
            "lstm",
            {"pretrained": True},
            "its baseline LSTM text started from pretrained weights as well",
        ),
        (
            "bert",
            {"track": "open"},
            "it and its baseline LSTM text learned from different movies",
        ),
    ],
)
def test_nothing_is_said_of_pretraining_without_both_sides(
    name: str, changes: dict[str, Any], reason: str
) -> None:
    finding = with_changes("transfer_learning", {"lstm": 0.5, "bert": 0.55}, name, changes)
    assert finding.sentences == (f"Cannot be computed for BERT text: {reason}.",)
    assert finding.contrasts == ()


def test_models_of_different_tracks_are_named() -> None:
    scores = {"bert": 0.58, "early_fusion": 0.61}
    (sentence,) = with_changes(
        "fusion_advantage", scores, "early_fusion", {"track": "open"}
    ).sentences
    assert sentence.endswith(
        "leaves out zero. One of them (open) also learned from further plots, which may be the "
        "reason."
    )


def test_an_order_that_tuned_thresholds_reverse_is_named() -> None:
    def tuned(f1_macro: float) -> dict[str, Any]:
        return {"tuned": SimpleNamespace(macro=SimpleNamespace(f1_macro=f1_macro))}

    comparison = make_comparison({"tfidf": 0.3, "bert": 0.2}, spread=CLEAR)
    for bert, is_reversed in ((0.5, True), (0.3, False)):
        scores = {"tfidf": tuned(0.4), "bert": tuned(bert)}
        ranking = tuple(replace(r, **scores[r.name]) for r in comparison.ranking)
        *_, finding = findings(replace(comparison, ranking=ranking))
        (sentence,) = finding.sentences
        assert sentence.startswith("Not beaten: BERT text")
        assert (
            sentence.endswith(
                "With thresholds tuned on validation the order is reversed: 50.00 against 40.00."
            )
            is is_reversed
        )


def test_fusion_strategies_as_shares_of_the_best() -> None:
    scores = {"early_fusion": 0.57, "late_fusion": 0.6}
    assert find("fusion_strategies", scores).sentences == (
        "Late fusion is the best fusion (60.00 F1-macro).",
        "Early fusion (57.00) reaches 95.0 % of it and is 3.00 points below it; the paired "
        "bootstrap's 95 % interval of the difference, -3.95 to -2.05 points, leaves out zero.",
    )
    assert (
        find("fusion_strategies", scores, UNCLEAR)
        .sentences[1]
        .endswith("includes zero, so these movies do not tell the two apart.")
    )


def test_a_single_fusion_has_nothing_beside_it() -> None:
    assert find("fusion_strategies", {"early_fusion": 0.57, "bert": 0.6}).sentences == (
        "Cannot be computed: early fusion (57.00 F1-macro) is the only fusion model compared.",
    )
    assert find("fusion_strategies", {"bert": 0.6}).sentences == (
        "Cannot be computed: no fusion model was compared (compared: bert).",
    )


def test_the_bag_of_words_is_beaten_by_both_or_by_the_fusion_alone() -> None:
    scores = {"tfidf": 0.58, "bert": 0.55, "prior": 0.03, "early_fusion": 0.61}
    assert find("bag_of_words", scores).sentences == (
        "Beaten: early fusion, the best model besides baselines (61.00 F1-macro), is 3.00 points "
        "(5.2 %) above TF-IDF text (58.00); the paired bootstrap's 95 % interval of the "
        "difference, +2.05 to +3.95 points, leaves out zero.",
        "Not beaten: BERT text, the best plot model (55.00 F1-macro), is 3.00 points (5.2 %) below "
        "TF-IDF text (58.00); the paired bootstrap's 95 % interval of the difference, -3.95 to "
        "-2.05 points, leaves out zero.",
    )


def test_a_plot_model_that_is_the_best_is_told_once() -> None:
    (sentence,) = find("bag_of_words", {"tfidf": 0.57, "bert": 0.6, "cnn": 0.3}, UNCLEAR).sentences
    assert sentence.startswith(
        "Beaten, but not clearly: BERT text, the best model besides baselines (60.00"
    )
    assert sentence.endswith("includes zero, so these movies do not tell the two apart.")


@pytest.mark.parametrize(
    ("scores", "lacking"),
    [
        ({"prior": 0.03, "bert": 0.6}, "no bag-of-words baseline was compared (compared: bert, pr"),
        ({"tfidf": 0.6}, "no model was compared (compared: tfidf)."),
    ],
)
def test_what_is_missing_against_the_bag_of_words(scores: dict[str, float], lacking: str) -> None:
    (sentence,) = find("bag_of_words", scores).sentences
    assert sentence.startswith(f"Cannot be computed: {lacking}")


def test_baselines_are_left_out_of_the_other_findings() -> None:
    models = {"cnn": 0.2, "resnet": 0.3, "lstm": 0.4, "bert": 0.5, "early_fusion": 0.6}
    baselines = {"tfidf": 0.7, "prior": 0.65}
    for key in ("fusion_advantage", "modality_contribution", "transfer_learning"):
        alone, beside = find(key, models, 0.0), find(key, {**models, **baselines}, 0.0)
        assert beside.sentences == alone.sentences


def test_undefined_scores_are_not_compared() -> None:
    all_findings = findings(make_comparison({"bert": math.nan, "late_fusion": math.nan}))
    assert {f.sentences for f in all_findings} == {
        ("Cannot be computed: no genre has a movie in this split.",)
    }


def test_contrasts_as_plain_values() -> None:
    (contrast,) = find("fusion_advantage", {"bert": 0.5, "early_fusion": 0.6}).to_json_dict()[
        "contrasts"
    ]
    assert contrast["model"] == "early_fusion"
    assert contrast["against"] == "bert"
    assert contrast["difference"] == pytest.approx(0.1)
    assert contrast["per_cent"] == pytest.approx(20)
    assert contrast["interval"] == pytest.approx([0.0905, 0.1095])
    assert contrast["interval_includes_zero"] is False
