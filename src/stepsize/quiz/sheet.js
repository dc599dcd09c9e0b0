// One question at a time: radio buttons, "Answer", and a comment on each choice.

const LETTERS = "abcd";

function make(parent, name, className, text) {
  const node = parent.appendChild(document.createElement(name));
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function render({ model, el }) {
  const questions = model.get("questions");
  const told = (i) => model.get("told")[i];
  const group = `stepsize-${Math.random().toString(36).slice(2)}`; // two sheets may be open
  let here = Math.max(questions.findIndex((_, i) => !told(i)), 0);

  el.classList.add("stepsize-sheet");
  const bar = make(el, "div", "stepsize-bar");
  const form = make(el, "form");
  const fieldset = make(form, "fieldset");
  const verdict = make(form, "p");
  verdict.setAttribute("role", "status");
  const buttons = make(form, "div", "stepsize-buttons");
  const [back, answer, next] = ["Back", "Answer", "Next"].map((name) =>
    make(buttons, "button", "", name),
  );
  back.type = next.type = "button";
  const score = make(buttons, "span", "stepsize-score");

  const marks = questions.map((_, i) => {
    const mark = make(bar, "button");
    mark.type = "button";
    mark.addEventListener("click", () => go(i));
    return mark;
  });

  function go(i) {
    here = Math.min(Math.max(i, 0), questions.length - 1);
    draw();
    fieldset.querySelector("input:checked, input")?.focus({ preventScroll: true });
  }

  function draw() {
    const { text, choices } = questions[here];
    const said = told(here);
    fieldset.replaceChildren();
    make(fieldset, "legend", "", `${here + 1} of ${questions.length}. ${text}`);
    choices.forEach((choice, i) => {
      const label = make(fieldset, "label", "stepsize-choice");
      const radio = make(label, "input");
      Object.assign(radio, { type: "radio", name: group, value: i, disabled: Boolean(said) });
      radio.addEventListener("change", () => (answer.disabled = false));
      const words = make(label, "span", "", `${LETTERS[i]}. ${choice}`);
      if (!said) return;
      label.classList.add("told");
      radio.checked = i === said.given;
      if (i === said.right) label.classList.add("right");
      else if (i === said.given) label.classList.add("wrong");
      words.append(i === said.right ? "  ✓ right" : i === said.given ? "  ✗ yours" : "");
      make(label, "span", "why", said.whys[i]);
    });
    verdict.textContent = said ? said.verdict : "";
    score.textContent = model.get("score");
    back.disabled = here === 0;
    next.disabled = here === questions.length - 1;
    answer.disabled = true; // until something is chosen
    marks.forEach((mark, i) => {
      const result = told(i) ? (told(i).given === told(i).right ? "right" : "wrong") : "open";
      mark.className = `${result} ${i === here ? "here" : ""}`;
      mark.tabIndex = -1; // the keyboard has Back and Next
      mark.title = `question ${i + 1}: ${result}`;
      mark.setAttribute("aria-label", mark.title);
    });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = fieldset.querySelector("input:checked");
    if (!chosen || told(here)) return;
    model.set("picked", [here, Number(chosen.value)]);
    model.save_changes();
  });
  back.addEventListener("click", () => go(here - 1));
  next.addEventListener("click", () => go(here + 1));

  function update() {
    const inside = el.contains(document.activeElement);
    draw();
    if (inside && told(here)) (next.disabled ? back : next).focus({ preventScroll: true });
  }
  model.on("change:told change:score", update);
  draw();
  const releaseKeys = keepKeys();
  return () => {
    releaseKeys();
    model.off("change:told change:score", update);
  };
}

export default { render };
