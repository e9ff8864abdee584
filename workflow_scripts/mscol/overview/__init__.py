"""The page to start from: results, sounds, maps of clips, confusions, curves and costs, in one file that opens without a server.

`page` puts it together; what takes longer are jobs of their own: `clips` says where each test clip lies on a map and what it was
called, `excerpts` cuts a few seconds of test clips, `stems` those of a mixture and its stems.
"""

MOST_AUDIO_BYTES = (
    3_000_000  # of the excerpts of test clips, of all datasets together, as they stand in the page
)
