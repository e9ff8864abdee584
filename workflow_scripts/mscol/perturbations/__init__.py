"""Perturbations of test clips, which measure the robustness of an encoder.

`grammar` parses names such as ``noise20`` and is quick to import because rule files need it; `effects` applies them to waveforms.
"""
