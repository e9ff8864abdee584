"""Learning rate schedules."""

import math

import keras
from keras import ops


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Compute the learning rate of an update, counted from 0.

    Parameters
    ----------
    settings : dict
        learning_rate (the highest); schedule (``constant``; ``halved`` once half-way, see METHOD,
        "Optimisation"; or ``cosine``, which falls to 0 at the end); warmup_updates (the rate rises linearly
        from 0 during these updates, and the cosine starts after them); updates (total number).

    Examples
    --------
    >>> settings = {"updates": 10, "learning_rate": 1.0, "schedule": "halved", "warmup_updates": 2}
    >>> schedule = Schedule(settings)
    >>> [float(schedule(update)) for update in (0, 1, 4, 5)]
    [0.5, 1.0, 1.0, 0.5]
    """

    def __init__(self, settings):
        self.settings = settings

    def __call__(self, update):
        """Return the learning rate: a float32 tensor of shape ()."""
        settings = self.settings
        update, updates = ops.cast(update, "float32"), settings["updates"]
        warmup = settings["warmup_updates"]
        rate = settings["learning_rate"] * ops.minimum((update + 1) / max(warmup, 1), 1.0)
        if settings["schedule"] == "halved":
            rate = rate * ops.where(2 * update >= updates, 0.5, 1.0)
        if settings["schedule"] == "cosine":
            share = ops.clip((update - warmup) / max(updates - warmup, 1), 0.0, 1.0)
            rate = rate * (1 + ops.cos(math.pi * share)) / 2
        return rate

    def get_config(self):
        """Return the arguments that build an equal schedule."""
        return {"settings": self.settings}
