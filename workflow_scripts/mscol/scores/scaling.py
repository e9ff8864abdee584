"""Scale embeddings by what was seen in training."""

import numpy as np

# Relative to the squared mean; float32 values differ by 1e-7 at least, so below it there is only rounding.
_ROUNDING = 1e-12


def variance_or_one(mean, variance):
    """Replace the variance of values that are constant in training by 1, as scikit-learn's ``StandardScaler`` does.

    A unit that was silent in training would otherwise be magnified without bound where it is not silent in a test clip.

    Parameters
    ----------
    mean, variance : np.ndarray, shape=(D,)
        Of each value of an embedding, over the training data.

    Returns
    -------
    np.ndarray, shape=(D,)
    """
    return np.where(variance <= _ROUNDING * np.square(mean), 1, variance)
