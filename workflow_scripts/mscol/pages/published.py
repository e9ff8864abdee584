"""Figures of published systems, for context next to a table. They are not results of this workflow.

Each was measured on the full dataset with a protocol of its own. Sources: METHOD, "Where others stand"; for X-ARES, the tables
of its README (jimbozhang/xares), where "MLP" is one linear layer and "kNN" nearest neighbours of the embeddings.
"""

from typing import NamedTuple


class Published(NamedTuple):
    """A system, the source of its figures, the figures by layout and metric, and a caveat."""

    system: str
    reference: str
    figures: dict
    note: str = ""


TITLE = "Published figures of other systems"
NOTE = (
    "These figures are for context only and are not results of this workflow. Their authors report them on the full datasets, "
    "with protocols that differ from each other and from ours."
)
# As of November 2026
THIS_PAPER = (
    "The paper that this workflow re-implements (Garoufis et al., SMC 2023, arXiv 2302.07077) has no row: the material that was "
    "searched contains neither its tables nor a reproduction of it."
)
XARES = "X-ARES: Zhang et al., 2025 (arXiv 2505.16369)"


PUBLISHED = (
    Published(
        "CLMR (linear)",
        "Spijkervet & Burgoyne, ISMIR 2021",
        {("mtat", "roc_auc"): 0.887, ("mtat", "pr_auc"): 0.356},
    ),
    Published(
        "CLMR (MLP)",
        "Spijkervet & Burgoyne, ISMIR 2021",
        {("mtat", "roc_auc"): 0.893, ("mtat", "pr_auc"): 0.360},
    ),
    Published("BYOL-A", "Niizumi et al., 2023", {("nsynth", "accuracy"): 0.741, ("fma", "accuracy"): 0.643}),
    Published(
        "MULE",
        "McCallum et al., ISMIR 2022",
        {("mtat", "roc_auc"): 0.914, ("mtat", "pr_auc"): 0.404, ("nsynth", "accuracy"): 0.740},
    ),
    Published(
        "MERT",
        "Li et al., ICLR 2024",
        {("mtat", "roc_auc"): 0.913, ("mtat", "pr_auc"): 0.402, ("nsynth", "accuracy"): 0.726},
    ),
    Published(
        "MusicFM",
        "Won et al., ICASSP 2024",
        {("mtat", "roc_auc"): 0.913, ("mtat", "pr_auc"): 0.400, ("nsynth", "accuracy"): 0.762},
    ),
    Published(
        "MuQ",
        "Zhu et al., 2025",
        {("mtat", "roc_auc"): 0.914, ("mtat", "pr_auc"): 0.403, ("nsynth", "accuracy"): 0.792},
        "According to its README, MuQ's public weights were trained on other data and may not reach the figures of its paper.",
    ),
    Published("Dasheng (MLP)", XARES, {("fma", "accuracy"): 0.643, ("nsynth", "accuracy"): 0.688}),
    Published("Dasheng (kNN)", XARES, {("fma", "accuracy"): 0.592, ("nsynth", "accuracy"): 0.499}),
    Published("Whisper (MLP)", XARES, {("fma", "accuracy"): 0.581, ("nsynth", "accuracy"): 0.532}),
    Published("wav2vec 2.0 (MLP)", XARES, {("fma", "accuracy"): 0.469, ("nsynth", "accuracy"): 0.443}),
)


def about_published(systems):
    """Return the caveats of published figures.

    Parameters
    ----------
    systems : collection of str
        The systems that are shown.
    """
    return " ".join(
        [NOTE, *(each.note for each in PUBLISHED if each.note and each.system in systems), THIS_PAPER]
    )
