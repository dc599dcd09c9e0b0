"""The course as a site of plain files: `python run.py site`.

lessons.py makes a page of each solved notebook, reference.py pages of the package's docstrings,
pages.py gathers them with all the others, and book.py has Sphinx make the site. carry.py takes the
rules and surfaces to JavaScript, playground.py and record.py what the labs in the page show.
links.py looks at what came out.
"""
