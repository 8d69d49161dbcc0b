"""Ridge regressions for all genres and all strengths of regularisation from one decomposition."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_TINY = 1e-10  # of the largest eigenvalue; smaller ones are rounding errors


class Ridge:
    """Ridge regressions on the features of some films, one for each genre, with an intercept.

    Held-out predictions follow from the decomposition, so nothing is fitted again: the residuals of
    a group of films S that is left out are ``(I - H[S, S])^-1 (y - Hy)[S]``, where H is the matrix
    that turns labels into predictions.

    Reference: Hastie, Tibshirani, Friedman, "The elements of statistical learning", 2nd edition,
    section 7.10, for a single film; a group of films follows in the same way.

    Args:
        vectors: Eigenvectors (N, R) of the centred films' inner products.
        values: Their eigenvalues (R,), all positive.
        targets: The values to predict (N, L).
        strengths: Strengths of regularisation (A,).

    Attributes:
        mean: The mean of the targets (L,).
        errors: The squared error (A, N, L) of each film by a fit to all others.
    """

    def __init__(self, vectors: Column, values: Column, targets: Column, strengths: Column) -> None:
        self._targets = targets
        self._vectors = vectors
        self._values = values
        self._shrinkage = values / (values + strengths[:, None])  # (A, R)
        self._inverse = 1 / (values + strengths[:, None])
        self.mean = targets.mean(axis=0)
        self._turned = vectors.T @ (targets - self.mean)  # (R, L)
        self.errors = self._errors_alone()

    def _errors_alone(self) -> Column:
        """Return the squared errors (A, N, L) of each film by a fit to all others."""
        own = self._vectors**2 @ self._shrinkage.T + 1 / len(self._vectors)  # (N, A)
        residuals = np.stack([self._targets - self._predictions(row) for row in self._shrinkage])
        errors: Column = (residuals / np.maximum(1 - own.T[:, :, None], 1e-9)) ** 2
        return errors

    def _predictions(self, shrinkage: Column) -> Column:
        """Return the predictions (N, L) of the films themselves."""
        predictions: Column = self._vectors @ (shrinkage[:, None] * self._turned) + self.mean
        return predictions

    def best(self, films: npt.NDArray[np.bool_]) -> Rows:
        """Return the place (L,) of each genre's best strength, judged on some films.

        Args:
            films: The films that count (N,).
        """
        best: Rows = self.errors[:, films].mean(axis=1).argmin(axis=0)
        return best

    def held_out(self, folds: Rows, variants: Sequence[tuple[Rows, Column]] = ()) -> list[Column]:
        """Return predictions of each film by a fit to the films of other folds.

        The strength of regularisation is judged on those films as well.

        Args:
            folds: The fold of each film (N,).
            variants: Other forms of some films: which films (M,), and the inner products (M, N) of
                these forms, centred like the films, with the films.

        Returns:
            The predictions of the films (N, L), and of each variant (M, L).
        """
        forms = [(np.arange(len(folds)), self._vectors * self._values)]
        forms += [(rows, products @ self._vectors) for rows, products in variants]
        predictions = [np.zeros((len(rows), self._targets.shape[1])) for rows, _ in forms]
        for fold in range(folds.max() + 1):
            unseen = folds == fold
            vectors, best = self._vectors[unseen], self.best(~unseen)
            for place in np.unique(best):
                genres = np.flatnonzero(best == place)
                fitted = self._predictions(self._shrinkage[place])[np.ix_(unseen, genres)]
                residuals = self._targets[np.ix_(unseen, genres)] - fitted
                own = (vectors * self._shrinkage[place]) @ vectors.T + 1 / len(self._vectors)
                left_out = np.linalg.solve(np.eye(len(vectors)) - own, residuals)
                turned = self._turned[:, genres] - vectors.T @ left_out
                weights = self._inverse[place][:, None] * turned
                mean = self.mean[genres] - left_out.sum(axis=0) / len(self._vectors)
                for (rows, turned_products), values in zip(forms, predictions, strict=True):
                    held_out = unseen[rows]
                    values[np.ix_(held_out, genres)] = turned_products[held_out] @ weights + mean
        return predictions

    def dual(self) -> Column:
        """Return the weight (N, L) of each film in the regressions with the best strengths.

        The weights of features (N, F) are the transpose of the centred features times these.
        """
        best = self.best(np.ones(len(self._targets), dtype=np.bool_))
        weights: Column = self._vectors @ (self._inverse[best].T * self._turned)
        return weights


def decompose(features: Column) -> tuple[Column, Column]:
    """Return eigenvectors (N, R) and eigenvalues (R,) of the inner products of films.

    The smaller of two matrices is decomposed: that of films (N, N) or that of features (F, F).

    Args:
        features: Centred features (N, F).
    """
    films, number = features.shape
    if films <= number:
        return decompose_products(features @ features.T)
    axes, values = decompose_products(features.T @ features)
    return features @ (axes / np.sqrt(values)), values


def decompose_products(products: Column) -> tuple[Column, Column]:
    """Return eigenvectors (K, R) and positive eigenvalues (R,) of centred inner products (K, K)."""
    values, vectors = np.linalg.eigh(products)
    kept = values > max(_TINY * values[-1], np.finfo(np.float64).tiny)
    return vectors[:, kept], values[kept]
