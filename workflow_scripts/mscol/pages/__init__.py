"""Pages: reports of a run, as Markdown, LaTeX and HTML.

`summary` writes the summary of all tables and its pages: `layout` arranges the contents, `markdown`, `latex` and `html` write
them, and `published` has figures of other systems. `cards` writes the model card of an encoder, `crate` an RO-Crate of the
run. All of them read finished tables.
"""
