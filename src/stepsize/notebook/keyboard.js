// Keys that are pressed in a lab, or on a sheet of questions, are for what has the focus there.
// JupyterLab would act on them: x deletes the cell, arrows choose a different one. It listens last,
// and takes none from an element that has this attribute.
function keepKeys() {
  const KEPT = "data-lm-suppress-shortcuts";

  // Saving and running work from everywhere, and so does Space, for slides, if it presses nothing.
  function passes({ target, key, ctrlKey, metaKey, shiftKey }) {
    if (ctrlKey || metaKey) return key === "s";
    if (key === " ") return !target.matches("button, input, select, [contenteditable=true]");
    return key === "Enter" && shiftKey;
  }

  function keep(event) {
    const { target, key } = event;
    if (!target.closest?.(".stepsize-lab, .stepsize-sheet")) return;
    if (passes(event)) target.removeAttribute(KEPT);
    else target.setAttribute(KEPT, "true");
    if (key === "Escape") target.closest(".jp-Cell")?.focus(); // the way back into the notebook
  }

  const kinds = ["focusin", "keydown"];
  for (const kind of kinds) window.addEventListener(kind, keep, true);
  return () => {
    for (const kind of kinds) window.removeEventListener(kind, keep, true);
  };
}
