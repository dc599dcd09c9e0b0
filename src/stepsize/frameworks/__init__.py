"""PyTorch, Keras and Optax, side by side with the course's rules.

`bridge` makes our rules torch optimizers, and torch's rules (with `torch_optimizer` and `stepper`);
`recipe` holds everything needed to train the same way, and `translate` writes it as a script for
each library; `conventions` says what the same words mean there, and `side_by_side` runs all three.
"""
