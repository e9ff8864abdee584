"""The config: names of models, defaults and presets, and all checks of the user's settings.

For rule files: `effective` (the whole config), `models` (the grammar of names), `datasets` and `downloads` (by name), `checks`
(rules that a schema cannot express), `evaluations` (how a model is evaluated). Quick to import: no NumPy, pandas or framework.
"""
