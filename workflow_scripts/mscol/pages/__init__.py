"""Pages: what people read of a run, as Markdown, LaTeX and HTML.

`summary` writes the summary over all tables and its pages (`layout` says what stands where, `markdown`, `latex` and `html`
how it is written, `published` what others have reported), `cards` the card of an encoder. All read finished tables.
"""
