"""The course as a static site: `python run.py site`.

lessons.py makes a page of each solved notebook, reference.py pages of the package's docstrings,
predictions.py says how each of their questions is asked, questions.py puts the forms there,
pages.py gathers them with the others, and book.py has Sphinx make the site. carry.py translates the
rules and surfaces to JavaScript; computed.py writes the data of the labs that compute in the page
(playground.py, momentum_map.py, newton_schulz.py), record.py records the others. links.py checks
the result.
"""
