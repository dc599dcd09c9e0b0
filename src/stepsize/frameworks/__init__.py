"""PyTorch, Keras and Optax, and the course's rules beside them.

`bridge` makes our rules torch optimizers, and torch's rules (with `torch_optimizer` and `stepper`);
`recipe` is all that has to be written down to train the same, `translate` its script in each
library; `conventions` says what the same words mean there, and `side_by_side` runs all three.
"""
