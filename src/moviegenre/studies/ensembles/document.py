"""The tables of a fitted ensemble: its scores, those of its rivals, and its weights."""

from moviegenre.evaluation.documents import Table
from moviegenre.models.combiner import case_name
from moviegenre.studies.ensembles.computation import FittedEnsemble


def scores_table(fitted: FittedEnsemble) -> Table:
    """Return the scores of the ensemble, its best member and plain means, in per cent."""
    rows = []
    for name, scores in fitted.fit.scores.items():
        title = f"best member: {name}" if name == fitted.fit.best_member else name
        loss, *shares = vars(scores).values()
        rows.append((title, f"{loss:.4f}", *(f"{100 * value:.2f}" for value in shares)))
    headings = (
        *("", "log-loss", "ROC-AUC", "F1-macro at 0.5", "F1-micro at 0.5"),
        *("F1-macro fitted thresholds", "F1-micro fitted thresholds"),
    )
    return Table(headings, tuple(rows))


def weights_table(fitted: FittedEnsemble) -> Table:
    """Return each member's weight in every case, averaged over genres."""
    cases = {case: weights for case, weights in fitted.fit.combiner.cases.items() if case}
    rows = tuple(
        (member.name, *(f"{case.weights[row].mean():.3f}" for case in cases.values()))
        for row, member in enumerate(fitted.record.members)
    )
    return Table(("member", *(case_name(case) for case in cases)), rows)
