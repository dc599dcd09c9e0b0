"""What the package knows about the notebook it runs in.

`cells` knows how each cell ended; `keyboard` keeps JupyterLab's keys away from a lab;
`without_torch` shows a cell's stored output if it needs PyTorch and there is none.
"""
