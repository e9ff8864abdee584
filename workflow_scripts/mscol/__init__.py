"""Multi-source contrastive learning from musical audio: the library behind the workflow.

The rooms, in the order in which data flows through them: `audio`, `datasets`, `fetching`, `separation`, `mels`,
`cache`, `pairs`, `model`, `pretraining`, `embeddings`, `probes`, `metrics`, `tables`. Beside them
stand `names` (model names and config), `files`, `parallel`, `versions`, `logs` and `errors`. A room imports from earlier
rooms only, and only `model`, `pretraining`, `embeddings` and `probes` import Keras.
"""

__version__ = "0.1.0"
