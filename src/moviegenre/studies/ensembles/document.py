"""The tables of a fitted ensemble: its scores, those of its rivals, and its weights."""

from moviegenre.evaluation.documents import Table
from moviegenre.models.combiner import case_name
from moviegenre.studies.ensembles.computation import FittedEnsemble
from moviegenre.studies.ensembles.fit import ENSEMBLE

_LOSS = "log-loss"
_SCORE_NAMES = (
    *(_LOSS, "ROC-AUC", "F1-macro at 0.5", "F1-micro at 0.5"),
    *("tuned F1-macro", "tuned F1-micro"),
)
"""The names of the scores, in the order of ``CombinedScores``."""


def scores_table(fitted: FittedEnsemble) -> Table:
    """Return the scores of the ensemble, its best member and plain means, in per cent."""
    rows = []
    for name, scores in fitted.fit.scores.items():
        title = f"best member: {name}" if name == fitted.fit.best_member else name
        loss, *shares = vars(scores).values()
        rows.append((title, f"{loss:.4f}", *(f"{100 * value:.2f}" for value in shares)))
    return Table(("", *_SCORE_NAMES), tuple(rows))


def shortfall(fitted: FittedEnsemble) -> str | None:
    """Return a sentence if the ensemble scores below its best member; None if it does not."""
    ensemble, best = (
        [round(value, 4) for value in vars(fitted.fit.scores[name]).values()]
        for name in (ENSEMBLE, fitted.fit.best_member)
    )
    gains = [
        before - after if name == _LOSS else after - before
        for name, after, before in zip(_SCORE_NAMES, ensemble, best, strict=True)
    ]
    worse = [name for name, gain in zip(_SCORE_NAMES, gains, strict=True) if gain < 0]
    if not worse:
        return None
    sentence = f"the ensemble is worse than {fitted.fit.best_member} alone in {', '.join(worse)}"
    if _LOSS in worse:
        return f"{sentence}: use that member alone, or combine it with others"
    return f"{sentence}; its log-loss, which the weights minimise, is better"


def weights_table(fitted: FittedEnsemble) -> Table:
    """Return each member's weight in every case, averaged over genres."""
    cases = {case: weights for case, weights in fitted.fit.combiner.cases.items() if case}
    rows = tuple(
        (member.name, *(f"{case.weights[row].mean():.3f}" for case in cases.values()))
        for row, member in enumerate(fitted.record.members)
    )
    return Table(("member", *(case_name(case) for case in cases)), rows)
