// What ipywidgets' controls show, but don't tell a screen reader: a slider's name, its value (a
// logarithmic one gives the exponent, a list's the index), which of a row of buttons is pressed.

// Only what has changed, because each change brings us here again.
function tell(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
  }
}

function describe(lab) {
  for (const control of lab.querySelectorAll(".widget-slider")) {
    const name = control.querySelector(".widget-label").textContent;
    const readout = control.querySelector(".widget-readout");
    tell(control.querySelector(".noUi-handle"), {
      "aria-label": name,
      "aria-valuetext": readout.textContent,
      "aria-disabled": control.querySelector(".slider").hasAttribute("disabled"),
    });
    const typed = { role: "textbox", "aria-label": `${name}, as a number` };
    // Nobody reads what is typed beside a list.
    tell(readout, control.matches(".stepsize-list") ? { contenteditable: "false" } : typed);
  }
  for (const control of lab.querySelectorAll(".widget-toggle-buttons")) {
    tell(control, { role: "group", "aria-label": control.querySelector("label").textContent });
    for (const button of control.querySelectorAll("button")) {
      tell(button, { "aria-pressed": button.matches(".mod-active") });
    }
  }
  for (const control of lab.querySelectorAll(".widget-hprogress")) {
    const full = parseFloat(control.querySelector(".progress-bar").style.width);
    tell(control.querySelector(".progress"), {
      role: "progressbar",
      "aria-label": control.querySelector("label").textContent,
      "aria-valuenow": Math.round(full),
    });
  }
  for (const label of lab.querySelectorAll("[title=null]")) label.removeAttribute("title");
}

// Describe the controls of the lab that `el` is in, once it is in the page, and after each change.
function describeControls(el) {
  let lab;
  const changes = new MutationObserver(() => describe(lab));
  const placed = new ResizeObserver(() => {
    lab = el.closest(".stepsize-lab");
    if (!lab) return;
    placed.disconnect();
    describe(lab);
    changes.observe(lab, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  placed.observe(el);
  return () => {
    placed.disconnect();
    changes.disconnect();
  };
}
