"""What lesson 14 trains: `widths`, one network at several of them; `batches`, at several sizes.

`python -m stepsize.growth` reads jobs, a line of JSON each, and writes each with what came of it.
"""
