"""The training loop: updates, validation, checkpoints, handling of stop signals, and resuming."""

import logging
import math
import time

import keras
import numpy as np

from mscol.errors import TrainingError
from mscol.jobs.logs import Progress
from mscol.model import choose_devices, compile_calibration, compile_steps, mesh_of
from mscol.model.calibration import CALIBRATION_BATCHES, FEW_UPDATES
from mscol.pretraining.feeding import Feed, load_on_device_if_wanted
from mscol.pretraining.history import History
from mscol.pretraining.schedule import Schedule
from mscol.pretraining.signals import heed_warnings

# For the final encoder after few updates (docs/benchmarks.md, "Statistics")
FINAL_CALIBRATION_BATCHES = 128


class Training:
    """A run of updates.

    Parameters
    ----------
    network : SourceAssociation
        Trained in place.
    data : PretrainingData
    settings : dict
        updates, learning_rate, schedule, warmup_updates, validation_every, validation_batches, patience
        and xla.
    running : dict
        checkpoint_every (updates), checkpoint_minutes (in addition), loader_threads, cache_on (``auto``,
        ``disk``, ``scratch`` or ``device``), devices (as for `choose_devices`).
    checkpoints : Checkpoints, optional

    Attributes
    ----------
    history : History
    resumed_from : int
        The update whose checkpoint the run resumed from; 0 for none.
    n_devices : int
        Number of devices that compute the run.
    """

    def __init__(self, network, data, settings, running, checkpoints=None):
        self.network, self.settings, self.checkpoints = network, settings, checkpoints
        self._data, self._running = data, running
        self._schedule = Schedule(settings)
        self._optimizer = keras.optimizers.Adam(self._schedule)
        self.history, self.resumed_from = History(), 0
        self._best = Best(settings["patience"])
        self.n_devices = choose_devices(running["devices"], data.training.n_pairs)
        self._mesh = mesh_of(self.n_devices)
        self._steps, self._calibration = None, compile_calibration(network)
        self._saved_at = time.monotonic()

    def run(self):
        """Train to the end, from the latest checkpoint if there is one.

        Returns
        -------
        History

        Raises
        ------
        TrainingError
            If a loss is not finite, or the run is stopped by SIGTERM or Ctrl-C. In the second case a checkpoint of the
            latest update has been saved.
        """
        self._optimizer.build(self.network.trainable_variables)
        self._resume()
        self._steps = compile_steps(self.network, self._optimizer, self.settings["xla"], self._mesh)
        with heed_warnings() as warned:
            try:
                self._train(warned)
            except TrainingError as error:
                raise TrainingError(f"{error}. {self._advice()}") from None
            if warned.by:
                raise TrainingError(
                    f"stopped by {warned.by} after update {self.history.step} of {self.settings['updates']}. "
                    + ("Run the same command again to resume." if self.checkpoints else "")
                )
        self._steps.sync()
        if self._best.weights:
            self.network.set_weights(self._best.weights)
            self._steps.load()
        self._calibrate(FINAL_CALIBRATION_BATCHES)
        if self.checkpoints:
            self.checkpoints.finish()
        return self.history

    def _train(self, warned):
        settings, updates = self.settings, self.settings["updates"]
        training, mesh = self._data.training, self._mesh
        on_device = load_on_device_if_wanted(self._running["cache_on"], training, mesh)
        threads = self._running["loader_threads"]
        feed = Feed(training, threads, on_device, mesh)
        validation = self._data.validation and Feed(self._data.validation, threads, on_device, mesh)
        remaining = range(self.history.step, updates if not self._best.stopped else 0)
        if not remaining:
            logging.info("An earlier attempt has done all updates.")
            return
        progress = Progress("updates", updates, done=self.history.step)
        note = ""
        for batch in feed.batches(remaining):
            self.history.update(len(batch["absent"]), *self._steps.update(batch))
            last = self.history.step == updates
            if self.history.step % settings["validation_every"] == 0 or last:
                row = self._close_row(validation)
                note = _describe(row)
                last = self._best.judge(row["validation_loss"], self._weights) or last
            if last or warned.by or self._is_checkpoint_due():
                self._save()
            progress.step(note=note or _describe_losses(*self.history.latest()))
            if last or warned.by:
                break
        self._report(feed, progress, note)

    def _report(self, feed, progress, note):
        waited = feed.seconds_waited / progress.seconds
        logging.info("Update %d is done. %s", self.history.step, note)
        logging.info("Waited for data %.1f %% of the time.", 100 * waited)
        if self._best.stopped:
            logging.info(
                "Stopped early after %d validations without a lower loss than %.3f. Keeping the encoder of that loss.",
                self.settings["patience"], self._best.loss,
            )  # fmt: skip

    def _close_row(self, validation):
        # The learning rate of the latest update
        rate = float(f"{float(self._schedule(self.history.step - 1)):.6g}")
        return self.history.close_row(rate, lambda: self._validate(validation))

    def _validate(self, feed):
        """Compute mean loss and accuracy over validation minibatches, the same each time; also return the pairs of one."""
        if feed is None:
            return math.nan, math.nan, 0
        self._calibrate(CALIBRATION_BATCHES)
        sampler = self._data.validation
        numbers = range(sampler.round_up(self.settings["validation_batches"]))
        results = [self._steps.evaluate(batch) for batch in feed.batches(numbers)]
        means = np.mean([[float(value) for value in pair] for pair in results], axis=0)
        return *means, sampler.n_pairs

    def _calibrate(self, n_batches):
        """After few updates, average the statistics over the first minibatches; training itself does not use them."""
        if self.history.step < FEW_UPDATES:
            feed = Feed(self._data.training, self._running["loader_threads"])
            self._steps.sync()
            self._calibration(feed.batches(range(n_batches)))
            self._steps.load()

    def _weights(self):
        self._steps.sync()
        return [weights.copy() for weights in self.network.get_weights()]  # they may be views

    def _variables(self):
        # Unlike get_weights, network.variables includes the state of drop-connect's random numbers
        named = {"network": self.network.variables, "optimizer": self._optimizer.variables}
        return {
            f"{owner}/{number:04d}": variable
            for owner, variables in named.items()
            for number, variable in enumerate(variables)
        }

    def _is_checkpoint_due(self):
        """Return whether the updates or the minutes between two checkpoints have passed."""
        by_clock = time.monotonic() - self._saved_at >= 60 * self._running["checkpoint_minutes"]
        return by_clock or self.history.step % self._running["checkpoint_every"] == 0

    def _save(self):
        if self.checkpoints is None:
            return
        started = time.monotonic()
        self.history.settle()
        self._steps.sync()
        arrays = {name: keras.ops.convert_to_numpy(value) for name, value in self._variables().items()}
        arrays |= {f"history/{name}": value for name, value in self.history.state().items()}
        arrays |= {f"best/{name}": value for name, value in self._best.state().items()}
        path = self.checkpoints.save(self.history.step, arrays)
        self._saved_at = time.monotonic()
        logging.info("Saved %s in %.1f s.", path, self._saved_at - started)

    def _resume(self):
        arrays = self.checkpoints.restore(self._check) if self.checkpoints else None
        if arrays is None:
            return
        for name, variable in self._variables().items():
            variable.assign(arrays[name])
        self.history = History.restore(_part(arrays, "history/"))
        self._best.restore(_part(arrays, "best/"))
        self.resumed_from = self.history.step
        logging.info(
            "Going on from the checkpoint of update %d of %d.", self.resumed_from, self.settings["updates"]
        )

    def _check(self, arrays):
        """Raise ValueError if a checkpoint does not fit this network."""
        for name, variable in self._variables().items():
            if arrays[name].shape != tuple(variable.shape):
                raise ValueError(f"{name}: shape {arrays[name].shape}, expected {tuple(variable.shape)}")
        History.restore(_part(arrays, "history/"))

    def _advice(self):
        rate = self.settings["learning_rate"]
        advice = f"Lower learning_rate ({rate:g}), or look for anomalies in the audio."
        saved = self.checkpoints.paths() if self.checkpoints else []
        return f"{advice} The last good checkpoint is {saved[-1]}" if saved else advice


class Best:
    """Track the encoder with the lowest validation loss and decide when to stop.

    Parameters
    ----------
    patience : int
        Stop after this many validations without a lower loss. 0 never stops and keeps no encoder.
    """

    def __init__(self, patience):
        self._patience, self._waited = patience, 0
        self.loss, self.weights = math.inf, []

    @property
    def stopped(self):
        """Return whether the patience is exhausted."""
        return 0 < self._patience <= self._waited

    def judge(self, loss, weights):
        """Count a validation, call ``weights`` to keep a better encoder, and return whether to stop."""
        if not self._patience or math.isnan(loss):
            return False
        if loss < self.loss:
            self.loss, self.weights, self._waited = loss, weights(), 0
        else:
            self._waited += 1
        return self.stopped

    def state(self):
        """Return the state as arrays for a checkpoint."""
        if not self.weights:
            return {}
        weights = {f"weights/{number:04d}": weight for number, weight in enumerate(self.weights)}
        return {"loss": np.array(self.loss), "waited": np.array(self._waited), **weights}

    def restore(self, state):
        """Restore a `state`."""
        if state:
            self.loss, self._waited = float(state["loss"]), int(state["waited"])
            self.weights = [value for name, value in sorted(state.items()) if name.startswith("weights/")]


def _part(arrays, prefix):
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def _describe_losses(loss, accuracy):
    """Describe the latest losses that the device has finished; empty before the first."""
    return "" if math.isnan(loss) else f"Loss {loss:.3f}, accuracy {accuracy:.3f}."


def _describe(row):
    text = f"Loss {row['loss']:.3f}, accuracy {row['accuracy']:.3f}"
    if not math.isnan(row["validation_loss"]):
        text += f"; validation {row['validation_loss']:.3f}, {row['validation_accuracy']:.3f}"
    return f"{text}; {row['pairs_per_second']:.0f} pairs/s."
