"""``report.html``: all there is to know of a run, in one file, in English and Chinese.

`findings` computes what a report says, `sections` say it, `page` puts them together.
"""
