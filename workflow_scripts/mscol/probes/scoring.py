"""Score the windows of test clips with a trained head or classifier."""

import numpy as np

from mscol.embeddings.crops import select_clips, window_crops
from mscol.embeddings.prediction import predict, predict_crops
from mscol.embeddings.stored import open_embeddings
from mscol.errors import TrainingError
from mscol.mels import CROP_FRAMES, N_MELS
from mscol.mels.framing import FRAMINGS
from mscol.papers import paper_of
from mscol.probes.heads import load_trained
from mscol.scores.files import save_scores
from mscol.scores.labels import Labelled, check_not_empty

EMBEDDINGS_AT_ONCE = 1024  # the results do not depend on these batch sizes
LOG_MELS_AT_ONCE = 256


class EmbeddedWindows:
    """The windows of a dataset's test clips as embeddings, for heads.

    Parameters
    ----------
    array : np.ndarray, shape=(n_windows, D)
    index : pd.DataFrame
        Columns clip and n_windows, one row per clip.
    """

    def __init__(self, array, index):
        self.array, self.index = array, index
        self.input_shape = array.shape[1:]

    @classmethod
    def open(cls, array_path, index_path, clips):
        """Open the embeddings of the test clips; parameters as for `open_embeddings`."""
        return cls(*open_embeddings(array_path, index_path, clips))

    def predict(self, head):
        """Return the outputs of a head for all windows: (n_windows, n_labels)."""
        return predict(head, self.array, EMBEDDINGS_AT_ONCE)


class LogMelWindows:
    """The windows of a dataset's test clips as log-mels, for classifiers.

    Parameters
    ----------
    cache : mscol.mels.cache.MelCache
    clips : pd.DataFrame
        The manifest: columns id and split.
    framing : mscol.mels.framing.Framing
    """

    input_shape = (CROP_FRAMES, N_MELS, 1)

    def __init__(self, cache, clips, framing):
        windows = window_crops(select_clips(cache.clips, clips, "test"), framing)
        check_not_empty(windows.first_frames, "test")
        self._cache, self._first_frames, self.index = cache, windows.first_frames, windows.index

    def predict(self, classifier):
        """Return the outputs of a classifier for all windows: (n_windows, n_labels)."""
        batches = predict_crops(classifier, self._cache, self._first_frames, LOG_MELS_AT_ONCE)
        return np.concatenate(list(batches))


def score_head(path, array_path, index_path, clips, about, scores):
    """Score the test clips of a dataset with a trained head.

    Parameters
    ----------
    path : str or os.PathLike
        The head, a ``.keras`` file: embeddings (n, D) to (n, labels).
    array_path, index_path : str or os.PathLike
        Embeddings of the test clips that `mscol.embeddings` wrote.
    clips, about, scores
        As for `score_classifier`.
    """
    labelled = Labelled.open(clips, about)
    _score(path, EmbeddedWindows.open(array_path, index_path, labelled.clips), labelled, scores)


def score_classifier(path, cache, clips, about, scores, paper="mscol"):
    """Score the test clips of a dataset with a trained classifier.

    Parameters
    ----------
    path : str or os.PathLike
        The classifier, a ``.keras`` file: crops (n, 98, 64, 1) to (n, labels).
    cache : mscol.mels.cache.MelCache
    clips, about : str or os.PathLike
        The manifest and its about.json.
    scores : str or os.PathLike
        Output path (`mscol.scores.files.save_scores`).
    paper : str
        Paper whose log-mel spectrograms the cache holds (`mscol.papers`).

    Raises
    ------
    TrainingError
        If the classifier has other inputs or labels, or needs log-mel spectrograms of the other paper.
    """
    labelled = Labelled.open(clips, about)
    windows = LogMelWindows(cache, labelled.clips, FRAMINGS[paper])
    _score(path, windows, labelled, scores, paper)


def _score(path, windows, labelled, scores, paper=None):
    model = load_trained(path, labelled, windows.input_shape)
    if paper not in (None, paper_of(model)):
        raise TrainingError(
            f"{path}: needs log-mel spectrograms of {paper_of(model)}, but these are of {paper}. Evaluate it under the "
            f"name of an encoder of {paper_of(model)}."
        )
    save_scores(scores, labelled, windows.index, windows.predict(model)[None])
