"""Score the windows of test clips, with what has just been trained or was trained before."""

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

EMBEDDINGS_AT_ONCE = 1024  # the result depends on neither
LOG_MELS_AT_ONCE = 256


class EmbeddedWindows:
    """The windows of a dataset's test clips as embeddings, for heads.

    Parameters
    ----------
    array : np.ndarray, shape=(n_windows, D)
    index : pd.DataFrame
        Columns clip and n_windows, a row a clip.
    """

    def __init__(self, array, index):
        self.array, self.index = array, index
        self.input_shape = array.shape[1:]

    @classmethod
    def open(cls, array_path, index_path, clips):
        """Open what `mscol.embeddings` wrote of the test clips; as `open_embeddings`."""
        return cls(*open_embeddings(array_path, index_path, clips))

    def predict(self, head):
        """Pass all windows through a head: (n_windows, n_labels)."""
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
        """Pass all windows through a classifier: (n_windows, n_labels)."""
        batches = predict_crops(classifier, self._cache, self._first_frames, LOG_MELS_AT_ONCE)
        return np.concatenate(list(batches))


def score_head(path, array_path, index_path, clips, about, scores):
    """Score the test clips of a dataset with a head that was trained before.

    Parameters
    ----------
    path : str or os.PathLike
        The head, a ``.keras`` file: embeddings (n, D) to (n, labels).
    array_path, index_path : str or os.PathLike
        What `mscol.embeddings` wrote of the test clips.
    clips, about, scores
        As for `score_classifier`.
    """
    labelled = Labelled.open(clips, about)
    _score(path, EmbeddedWindows.open(array_path, index_path, labelled.clips), labelled, scores)


def score_classifier(path, cache, clips, about, scores, paper="mscol"):
    """Score the test clips of a dataset with a classifier that was trained before.

    Parameters
    ----------
    path : str or os.PathLike
        The classifier, a ``.keras`` file: crops (n, 98, 64, 1) to (n, labels).
    cache : mscol.mels.cache.MelCache
    clips, about : str or os.PathLike
        The manifest, and what it says of itself.
    scores : str or os.PathLike
        Written: `mscol.scores.files.save_scores`.
    paper : str
        Whose log-mels the cache holds (`mscol.papers`).

    Raises
    ------
    TrainingError
        If it takes or tells something else, or hears log-mels of the other paper.
    """
    labelled = Labelled.open(clips, about)
    windows = LogMelWindows(cache, labelled.clips, FRAMINGS[paper])
    _score(path, windows, labelled, scores, paper)


def _score(path, windows, labelled, scores, paper=None):
    model = load_trained(path, labelled, windows.input_shape)
    if paper not in (None, paper_of(model)):
        raise TrainingError(
            f"{path}: hears log-mels as encoders of {paper_of(model)} do, but those here are of {paper}; evaluate it under the "
            f"name of an encoder of {paper_of(model)}"
        )
    save_scores(scores, labelled, windows.index, windows.predict(model)[None])
