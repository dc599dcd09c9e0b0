"""What lesson 14 trains: `widths`, one network at several of them; `batches`, at several sizes.

`python -m stepsize.growth` reads jobs, one line of JSON each, and writes each with its result.
"""
