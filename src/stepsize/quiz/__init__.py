"""The last check: thirty questions over all lessons, drawn by a seed, each answer explained.

`question` is what a question is; `descending`, `scaling`, `scheduling` and `choosing` hold them;
`bank` draws; `sitting` is somebody who answers, with buttons or without.
"""

LENGTH = 30  # questions, whatever the seed
