"""Score the test clips of a dataset with each protocol that uses clip means."""

import logging

import numpy as np
import pandas as pd

from mscol.clip_means.artists import play_episodes
from mscol.clip_means.knn import find_neighbours, unit_rows, vote
from mscol.clip_means.logistic import fit_few_shot, fit_logistic, standardise
from mscol.clip_means.retrieval import retrieve
from mscol.config.evaluations import shots_of
from mscol.embeddings.stored import clip_means, open_embeddings
from mscol.scores.files import list_tests, save_arrays, save_scores
from mscol.scores.labels import Labelled, check_not_empty
from mscol.scores.validation import best, main_metric


def score_clip_means(embeddings, indices, clips, about, seed, ways, outputs):
    """Score the test clips with several protocols, and write the scores of each.

    Parameters
    ----------
    embeddings, indices : dict
        For each split, the paths of the ``.npy`` and the csv that `mscol.embeddings` wrote.
    clips, about : str or os.PathLike
        The manifest and its about.json (task and labels).
    seed : int
        Seed of the clips that keep their labels, and of the few clips of ``shots``.
    ways : list of (str, float)
        Protocol and share of the training clips whose labels are used.
    outputs : list of (str or os.PathLike)
        Output paths, one per entry of ``ways``: scores for ``knn``, ``logistic`` and ``shots``
        (`mscol.scores.files.save_scores`), the arrays of `Retrieved` with one row per test list for ``retrieval``, and
        those of `Episodes` for ``artists``.

    Raises
    ------
    TrainingError
        If a split has no clips.
    CacheError
        If an array of embeddings does not fit its table.
    """
    clip_set = _ClipMeans.read(embeddings, indices, Labelled.open(clips, about))
    for (protocol, fraction), path in zip(ways, outputs, strict=True):
        logging.info("Evaluating by %s, with %g of the labels.", protocol, fraction)
        if protocol == "retrieval":
            clip_set.retrieve(path)
        elif protocol == "artists":
            clip_set.compare_artists(path)
        else:
            rows = clip_set.labelled.training_rows(clip_set.clips["train"], fraction, seed)
            if n_shots := shots_of(protocol):
                clip_set.learn_few(path, rows, n_shots, seed)
            else:
                {"knn": clip_set.ask_neighbours, "logistic": clip_set.regress}[protocol](path, rows)


class _ClipMeans:
    """The clips of a dataset: ids, mean embeddings and labels of each split."""

    def __init__(self, clips, means, labelled):
        self.clips, self.means, self.labelled = clips, means, labelled
        self.task, self.n_labels = labelled.task, len(labelled.names)
        self.targets = {split: labelled.targets(ids) for split, ids in clips.items()}
        self.centre = means["train"].mean(axis=0, dtype=np.float64)
        numbers = {}  # of recordings, over all splits
        self.recordings = {
            split: np.array(
                [numbers.setdefault(name, len(numbers)) for name in labelled.clips.loc[ids, "recording"]]
            )
            for split, ids in clips.items()
        }

    @classmethod
    def read(cls, embeddings, indices, labelled):
        clips, means = {}, {}
        for split in embeddings:
            clips[split], means[split] = clip_means(
                *open_embeddings(embeddings[split], indices[split], labelled.clips)
            )
            check_not_empty(clips[split], split)
            logging.info("%s: %d clips.", split, len(clips[split]))
        return cls(clips, means, labelled)

    def ask_neighbours(self, path, rows):
        """Write the scores of the nearest neighbours among the training clips ``rows``."""
        training = unit_rows(self._training(rows), self.centre)
        one_hot, said = self._one_hot("train")[rows], {}
        n_known = np.isin(self.recordings["test"], self.recordings["train"][rows]).sum()
        logging.info(
            "%d test clips have another excerpt of their recording among the training clips. It is left out.",
            n_known,
        )
        for split in ("validation", "test"):
            found = find_neighbours(
                unit_rows(self.means[split], self.centre),
                training,
                self.recordings[split],
                self.recordings["train"][rows],
            )
            said[split] = vote(*found, one_hot)
        values = [
            main_metric(scores, self.targets["validation"], self.task)
            for scores in said["validation"].values()
        ]
        chosen = best(values)
        k = list(said["test"])[chosen]
        logging.info(
            "Tried %s neighbours. %d are best: %.4f on the validation clips.",
            [*said["test"]],
            k,
            values[chosen],
        )
        self._save(path, said["test"][k][None], [values[chosen]], [f"k = {k}"])

    def regress(self, path, rows):
        """Write the scores of logistic regression on the training clips ``rows``."""
        training, validation, test = standardise(
            self._training(rows), self.means["validation"], self.means["test"]
        )
        scores, value, strength = fit_logistic(
            training,
            self.targets["train"][rows],
            validation,
            self.targets["validation"],
            test,
            self.task,
            self.n_labels,
        )
        chosen = f"alpha = {1 / strength:g}" if self.task == "regression" else f"C = {strength:g}"
        self._save(path, scores[None], [value], [chosen])

    def learn_few(self, path, rows, n_shots, seed):
        """Write the scores of logistic regression on a few clips per class, one head per draw."""
        training, test = standardise(self._training(rows), self.means["test"])
        ids = self.clips["train"][rows]
        scores = fit_few_shot(
            training, self.targets["train"][rows], ids, test, self.task, self.n_labels, n_shots, seed
        )
        self._save(path, scores)

    def retrieve(self, path):
        """Write the results of retrieval for each test list."""
        about = self.labelled.clips.loc[self.clips["test"]]
        if self.task == "regression":  # numbers are not shared
            labels = np.zeros((len(about), 1), bool)
        else:
            labels = self._one_hot("test").astype(bool)
        recordings = self.recordings["test"]
        lists = list_tests(about["cleaned"].to_numpy(bool), self.task)
        centred = unit_rows(self.means["test"], self.centre)
        found, n_alone = np.full((len(lists), 4, len(about)), np.nan), []
        for number, (name, chosen) in enumerate(lists.items()):
            found[number][:, chosen] = retrieve(centred[chosen], labels[chosen], recordings[chosen])
            n_alone.append(np.isnan(found[number, 0, chosen]).sum())
            n_excerpts = np.unique(recordings[chosen], return_counts=True)[1]
            logging.info(
                "%s: %d queries. Left out: %d clips that share no label with another clip, and %d pairs of excerpts of one recording.",
                name, chosen.sum() - n_alone[-1], n_alone[-1], (n_excerpts * (n_excerpts - 1)).sum(),
            )  # fmt: skip
        precision, hit, precision_chance, hit_chance = found.transpose(1, 0, 2)
        save_arrays(
            path, ids=about["id"].to_numpy(np.str_), groups=about["group"].to_numpy(np.str_), lists=np.array([*lists], np.str_),
            precision=precision, hit=hit, precision_chance=precision_chance, hit_chance=hit_chance, n_alone=np.array(n_alone),
        )  # fmt: skip

    def compare_artists(self, path):
        """Write the results of artist similarity."""
        artists = self.labelled.clips.loc[self.clips["test"], "artist"].to_numpy(np.str_)
        episodes = play_episodes(unit_rows(self.means["test"]), artists, self.recordings["test"])
        logging.info("%d artists have test clips of two recordings or more.", len(episodes.artists))
        save_arrays(path, **episodes._asdict())

    def _training(self, rows):
        """Return the means of some training clips, without a copy if ``rows`` has all of them."""
        means = self.means["train"]
        return means if len(rows) == len(means) else means[rows]

    def _one_hot(self, split):
        targets = self.targets[split]
        if self.task == "regression":
            return targets[:, None]
        return targets if self.task == "tagging" else np.eye(self.n_labels)[targets]

    def _save(self, path, scores, validation=None, chosen=None):
        table = {"clip": self.clips["test"], "n_windows": 1}
        save_scores(path, self.labelled, pd.DataFrame(table), scores.astype(np.float32), validation, chosen)
