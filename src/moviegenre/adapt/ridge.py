"""Ridge regressions for all genres and regularisation strengths, from one decomposition."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_MIN_EIGENVALUE = 1e-10  # relative to the largest one; smaller ones are rounding errors


class Ridge:
    """Ridge regressions on the features of films, one for each genre, with an intercept.

    Held-out predictions follow from the decomposition, without another fit: the residuals of a
    group S of held-out films are ``(I - H[S, S])^-1 (y - Hy)[S]``, where the matrix H maps labels
    to predictions.

    Reference: Hastie, Tibshirani, Friedman, "The elements of statistical learning", 2nd edition,
    section 7.10, for a single film; a group of films follows in the same way.

    Args:
        vectors: Eigenvectors (N, R) of the centred films' inner products.
        values: Their eigenvalues (R,), all positive.
        targets: The values to predict (N, L).
        strengths: Strengths of regularisation (A,).

    Attributes:
        mean: The mean of the targets (L,).
        errors: The squared error (A, N, L) of each film in a fit to all other films.
    """

    def __init__(self, vectors: Column, values: Column, targets: Column, strengths: Column) -> None:
        self._targets = targets
        self._vectors = vectors
        self._values = values
        self._shrinkage = values / (values + strengths[:, None])  # (A, R)
        self._inverse = 1 / (values + strengths[:, None])
        self.mean = targets.mean(axis=0)
        self._projected = vectors.T @ (targets - self.mean)  # (R, L)
        self.errors = self._leave_one_out_errors()

    def _leave_one_out_errors(self) -> Column:
        """Return the squared errors (A, N, L) of each film in a fit to all other films."""
        leverage = self._vectors**2 @ self._shrinkage.T + 1 / len(self._vectors)  # (N, A)
        residuals = np.stack([self._targets - self._predictions(row) for row in self._shrinkage])
        errors: Column = (residuals / np.maximum(1 - leverage.T[:, :, None], 1e-9)) ** 2
        return errors

    def _predictions(self, shrinkage: Column) -> Column:
        """Return the predictions (N, L) of the films themselves."""
        predictions: Column = self._vectors @ (shrinkage[:, None] * self._projected) + self.mean
        return predictions

    def best(self, films: npt.NDArray[np.bool_]) -> Rows:
        """Return the index (L,) of each genre's best strength for films.

        Args:
            films: True for the films whose errors count (N,).
        """
        indices: Rows = self.errors[:, films].mean(axis=1).argmin(axis=0)
        return indices

    def held_out(self, folds: Rows, variants: Sequence[tuple[Rows, Column]] = ()) -> list[Column]:
        """Return predictions of each film in a fit to the films of other folds.

        The films of other folds also determine the strength of regularisation.

        Args:
            folds: The fold of each film (N,).
            variants: Other forms of films: the rows of the films (M,), and the inner products
                (M, N) of these forms, centred like the films, with the films.

        Returns:
            The predictions of the films (N, L), and of each variant (M, L).
        """
        forms = [(np.arange(len(folds)), self._vectors * self._values)]
        forms += [(rows, products @ self._vectors) for rows, products in variants]
        predictions = [np.zeros((len(rows), self._targets.shape[1])) for rows, _ in forms]
        for fold in range(folds.max() + 1):
            unseen = folds == fold
            vectors, best = self._vectors[unseen], self.best(~unseen)
            for index in np.unique(best):
                genres = np.flatnonzero(best == index)
                in_sample = self._predictions(self._shrinkage[index])[np.ix_(unseen, genres)]
                residuals = self._targets[np.ix_(unseen, genres)] - in_sample
                hat_matrix = (vectors * self._shrinkage[index]) @ vectors.T + 1 / len(self._vectors)
                held_out_residuals = np.linalg.solve(np.eye(len(vectors)) - hat_matrix, residuals)
                projected = self._projected[:, genres] - vectors.T @ held_out_residuals
                weights = self._inverse[index][:, None] * projected
                mean = self.mean[genres] - held_out_residuals.sum(axis=0) / len(self._vectors)
                for (rows, projected_products), values in zip(forms, predictions, strict=True):
                    is_held_out = unseen[rows]
                    values[np.ix_(is_held_out, genres)] = (
                        projected_products[is_held_out] @ weights + mean
                    )
        return predictions

    def dual(self) -> Column:
        """Return the weight (N, L) of each film in the regressions with the best strengths.

        The weights of features (N, F) are the transpose of the centred features times these.
        """
        best = self.best(np.ones(len(self._targets), dtype=np.bool_))
        weights: Column = self._vectors @ (self._inverse[best].T * self._projected)
        return weights


def decompose(features: Column) -> tuple[Column, Column]:
    """Return eigenvectors (N, R) and eigenvalues (R,) of the inner products of films.

    The smaller matrix is decomposed: that of films (N, N) or that of features (F, F).

    Args:
        features: Centred features (N, F).
    """
    num_films, num_features = features.shape
    if num_films <= num_features:
        return decompose_products(features @ features.T)
    axes, values = decompose_products(features.T @ features)
    return features @ (axes / np.sqrt(values)), values


def decompose_products(products: Column) -> tuple[Column, Column]:
    """Return eigenvectors (K, R) and positive eigenvalues (R,) of centred inner products (K, K)."""
    values, vectors = np.linalg.eigh(products)
    is_positive = values > max(_MIN_EIGENVALUE * values[-1], np.finfo(np.float64).tiny)
    return vectors[:, is_positive], values[is_positive]
