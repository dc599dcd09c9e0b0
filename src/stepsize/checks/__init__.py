"""What is said of an answer: not tried, right, wrong and why, or broken and where.

An exercise is one entry of a `lesson_*.py`: a reference, and the mistakes people make as functions
that run. `exercise` compares what an answer does with what they do; `worker` does so in a Python
of its own, which `sandbox` starts and stops; `hand_in` takes an answer there, and puts what came
out in words.
"""
