"""Perturbations: what is done to test clips to see how much of its results an encoder loses by it.

`grammar` reads names such as ``noise20``, and is quick to import because rule files need it; `effects` does to a waveform what they say.
"""
