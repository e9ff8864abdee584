"""How a run went: a row every so many updates."""

import time

import numpy as np
import pandas as pd

COLUMNS = (
    "step",
    "pairs_seen",
    "loss",
    "accuracy",
    "validation_loss",
    "validation_accuracy",
    "learning_rate",
    "pairs_per_second",
)


class History:
    """Gather the losses of updates, and close a row now and then.

    A row's step counts updates; its loss and accuracy are means over the updates since the row before,
    and so is its number of pairs per second, from which validation is left out. Validation that did
    not take place is NaN.
    """

    def __init__(self):
        self._rows = []
        self._step = self._pairs_seen = 0
        self._start_row()

    def update(self, n_pairs, loss, accuracy):
        """Count an update."""
        self._step += 1
        self._pairs_seen += n_pairs
        self._row_pairs += n_pairs
        self._losses.append(loss)
        self._accuracies.append(accuracy)

    def close_row(self, learning_rate, validate):
        """Close a row; ``validate`` is called for the validation loss and accuracy, and not timed."""
        seconds = time.monotonic() - self._started
        validation_loss, validation_accuracy = validate()
        row = (
            self._step,
            self._pairs_seen,
            np.mean(self._losses),
            np.mean(self._accuracies),
            validation_loss,
            validation_accuracy,
            learning_rate,
            round(self._row_pairs / seconds, 1),
        )
        self._rows.append(row)
        self._start_row()
        return dict(zip(COLUMNS, row, strict=True))

    def table(self):
        """Return the rows as a pandas table."""
        return pd.DataFrame(self._rows, columns=COLUMNS)

    def _start_row(self):
        self._losses, self._accuracies, self._row_pairs = [], [], 0
        self._started = time.monotonic()
