"""The config: names of models, defaults and presets, and every check of what a user wrote.

For rule files: `effective` (the whole config), `models` (the grammar of names), `datasets` and `downloads` (by name), `checks`
(what a schema cannot say), `evaluations` (how a model is evaluated). Quick to import: no NumPy, no pandas, no framework.
"""
