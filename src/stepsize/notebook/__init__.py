"""What the package knows of the notebook that it runs in.

`cells` knows how each cell ended; `keyboard` keeps JupyterLab's keys away from a lab;
`without_torch` shows what a cell showed, where it needs PyTorch and there is none.
"""
