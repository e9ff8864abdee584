"""The training history of a run: one row every few updates."""

import math
import time
from collections import deque

import numpy as np
import pandas as pd

from mscol.errors import TrainingError

COLUMNS = (
    "step",
    "pairs_seen",
    "loss",
    "accuracy",
    "validation_loss",
    "validation_accuracy",
    "learning_rate",
    "pairs_per_second",
    "pairs",
    "validation_pairs",
)
COUNTS = ("step", "pairs_seen", "pairs", "validation_pairs")
# Losses are read this many updates later: the device may run ahead of the host, but not without limit.
LAG = 8


class History:
    """Collect the losses of updates and close a row from time to time.

    A row's step is the number of updates. Its loss and accuracy are means over the updates since the previous row,
    and so is its number of pairs per second, which excludes validation. ``pairs`` is the number of pairs in a
    minibatch: the chance level of the accuracy is 1 / pairs, and that of the loss is log(pairs). Without
    validation, its values are NaN with 0 pairs.

    Attributes
    ----------
    step : int
        Number of updates so far.
    """

    def __init__(self):
        self.step = 0
        self._rows, self._pairs_seen, self._n_pairs = [], 0, 0
        self._pending = deque()
        self._start_row()

    def update(self, n_pairs, loss, accuracy):
        """Count an update; its loss and accuracy may still be in computation on the device.

        Raises
        ------
        TrainingError
            If the loss of an earlier update is not finite.
        """
        self.step += 1
        self._n_pairs = n_pairs
        self._pairs_seen += n_pairs
        self._row_pairs += n_pairs
        self._pending.append((self.step, loss, accuracy))
        if len(self._pending) > LAG:
            self._settle(1)

    def settle(self):
        """Wait for the losses of all updates so far.

        Raises
        ------
        TrainingError
            If one of them is not finite.
        """
        self._settle(len(self._pending))

    def close_row(self, learning_rate, validate):
        """Close a row; ``validate`` returns validation loss, accuracy and pairs, and is not timed."""
        self.settle()
        seconds = self._row_seconds + time.monotonic() - self._started
        validation_loss, validation_accuracy, validation_pairs = validate()
        row = (
            self.step,
            self._pairs_seen,
            np.mean(self._losses),
            np.mean(self._accuracies),
            validation_loss,
            validation_accuracy,
            learning_rate,
            round(self._row_pairs / seconds, 1),
            self._n_pairs,
            validation_pairs,
        )
        self._rows.append(row)
        self._start_row()
        return dict(zip(COLUMNS, row, strict=True))

    def table(self):
        """Return the rows as a pandas table."""
        return pd.DataFrame(self._rows, columns=COLUMNS).astype(dict.fromkeys(COUNTS, "int64"))

    def latest(self):
        """Return loss and accuracy of the latest finished update; NaN before the first."""
        return (self._losses[-1], self._accuracies[-1]) if self._losses else (math.nan, math.nan)

    def state(self):
        """Return the history as arrays for a checkpoint."""
        self.settle()
        seconds = self._row_seconds + time.monotonic() - self._started
        return {
            "rows": np.array(self._rows, np.float64).reshape(-1, len(COLUMNS)),
            "losses": np.array(self._losses),
            "accuracies": np.array(self._accuracies),
            "counts": np.array([self.step, self._pairs_seen, self._row_pairs]),
            "row_seconds": np.array(seconds),
        }

    @classmethod
    def restore(cls, state):
        """Rebuild a history from its `state`."""
        history = cls()
        history._rows = [tuple(row) for row in state["rows"].tolist()]
        history._losses, history._accuracies = state["losses"].tolist(), state["accuracies"].tolist()
        history.step, history._pairs_seen, history._row_pairs = state["counts"].tolist()
        history._row_seconds = float(state["row_seconds"])
        return history

    def _start_row(self):
        self._losses, self._accuracies, self._row_pairs, self._row_seconds = [], [], 0, 0.0
        self._started = time.monotonic()

    def _settle(self, count):
        for _ in range(count):
            step, loss, accuracy = self._pending.popleft()
            loss = float(loss)
            if not math.isfinite(loss):
                raise TrainingError(f"update {step}: the loss is {loss}")
            self._losses.append(loss)
            self._accuracies.append(float(accuracy))
