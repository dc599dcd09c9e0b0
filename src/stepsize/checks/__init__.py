"""What is said of an answer: not tried, right, wrong and why, or broken and where.

An exercise is one entry of a `lesson_*.py`: a reference, and the mistakes people make as functions
that run. `judging` compares what an answer does with what they do, and with what two of them do
together. That happens in a Python of its own, `worker`, which `sandbox` starts and stops; or, in a
browser, in the notebook's (`here`). `where` decides; `hand_in` takes an answer there, and puts what
came out in words.

A `lesson_*.py` is read from top to bottom, exercise by exercise, and ends with EXERCISES. A section
is an exercise, in this order:

1. the answer that is asked for, where it isn't imported;
2. the factory, marked `@by_parts`: the same answer with a keyword for each part in which people go
   wrong. Its answers can be combined, so that two mistakes at once are named;
3. the exercise in one expression, from its question to its cases. A mistake is one entry of it: its
   name, its sentence, and the answers that make it, `factory(part=...)`.

What is said of a mistake, and what makes it, stands in its entry and nowhere else. A mistake that
doesn't fit the factory is a function, above the exercise. Where two exercises of a lesson share
mistakes, a function takes the factory and returns the entries. A sentence speaks of its own part
only, for it may be said beside another one's.
"""
