"""Multi-source contrastive learning from musical audio: the library behind the workflow.

docs/architecture.md lists its packages, from the lowest layer up. These functions are stable and meant for other code:

- `mscol.mels.log_mel`
- `mscol.model.load_encoder` and `association_loss`
- `mscol.embeddings.embed_file`
- `mscol.metrics.tagging` and `classification`
"""

__version__ = "0.2.0"
