"""The HTML page of a run: results, sounds, maps of clips, confusions, curves and costs, in one file that needs no server.

`page` writes it. Slower parts are separate jobs: `clips` computes the map position and the predictions of each test clip,
`excerpts` cuts excerpts of test clips, and `stems` excerpts of a mixture and its stems.
"""

MOST_AUDIO_BYTES = 3_000_000  # encoded excerpts of test clips in the page, over all datasets
