"""Judges an answer: not tried, right, wrong and why, or broken and where.

An exercise is one entry of a `lesson_*.py`: a reference, and the mistakes people make as functions
that run. `judging` compares what an answer does with what they do, and with what two of them do
together. This happens in a separate Python, `worker`, which `sandbox` starts and stops; or, in a
browser, in the notebook's own (`here`). `where` decides; `hand_in` takes an answer there, and puts
the result in words.

A `lesson_*.py` reads from top to bottom, exercise by exercise, and ends with EXERCISES. A section
is one exercise, in this order:

1. the reference answer, unless it is imported;
2. the factory, marked `@by_parts`: the same answer with a keyword for each part that people get
   wrong. Its answers can be combined, so that two mistakes at once can be named;
3. the exercise in one expression, from its question to its cases. Each mistake is an entry: its
   name, its sentence, and the answers that make it, `factory(part=...)`.

A mistake's sentence and the answers that make it are in its entry and nowhere else. A mistake that
doesn't fit the factory is a function above the exercise. If two exercises of a lesson share
mistakes, a function takes the factory and returns the entries. A sentence covers only its own part,
because it may appear beside another one.
"""
