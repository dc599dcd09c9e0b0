// A picture: what doesn't move, drawn once by Matplotlib, and on top of it what does, as SVG.

const NS = "http://www.w3.org/2000/svg";
const LATE = "One moment: the picture hasn’t caught up with the controls yet.";
const SOON = 300; // milliseconds after which the picture says so

function add(parent, name, attributes) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return parent.appendChild(node);
}

function render({ model, el }) {
  el.classList.add("stepsize-picture");
  el.innerHTML = `<div class="stepsize-paper" tabindex="0"></div>
    <p class="stepsize-sentence" role="status"></p>`;
  const [paper, sentence] = el.children;

  const { size, panels } = model.get("geometry");
  const parts = panels.map(([x, y, width, height]) => {
    const part = document.createElement("div");
    part.style.aspectRatio = `${width} / ${height}`;
    const image = part.appendChild(new Image());
    image.alt = "";
    image.style.width = `${(100 * size[0]) / width}%`;
    image.style.left = `${(-100 * x) / width}%`;
    image.style.top = `${(-100 * y) / height}%`;
    const svg = add(part, "svg", { viewBox: `${x} ${y} ${width} ${height}`, "aria-hidden": true });
    paper.append(part);
    return { svg, image, marks: add(svg, "g", {}) };
  });

  let controls = [];
  let late; // a timer: they have been moved, and the picture hasn't followed

  /** When the picture was made, were the controls and the ball where they are now? */
  function follows() {
    const { ball, controls: states } = model.get("shown").seen;
    const same = (control, i) =>
      Object.entries(states[i]).every(([key, value]) => control.get(key) === value);
    return `${ball}` === `${model.get("ball")}` && controls.every(same);
  }

  function moved() {
    if (follows()) caughtUp();
    else late ??= setTimeout(tellLate, SOON);
  }

  function tellLate() {
    paper.setAttribute("aria-busy", "true");
    sentence.textContent = LATE;
  }

  function caughtUp() {
    clearTimeout(late);
    late = undefined;
    paper.removeAttribute("aria-busy");
    say(model.get("shown").sentence);
  }

  async function watch() {
    const find = (name) => model.widget_manager.get_model(name.replace("IPY_MODEL_", ""));
    controls = await Promise.all(model.get("controls").map(find));
    for (const control of controls) control.on("change:index change:value", moved);
  }

  let background; // the one that is shown, or is being loaded
  let image = { complete: true };

  async function update() {
    if (model.get("background") !== background) {
      background = model.get("background");
      const { src: previous } = image;
      const next = (image = new Image());
      next.src = URL.createObjectURL(new Blob([background], { type: "image/png" }));
      await next.decode();
      if (next !== image) return URL.revokeObjectURL(next.src); // overtaken
      for (const part of parts) part.image.src = next.src;
      URL.revokeObjectURL(previous);
    }
    if (image.complete) draw(model.get("shown")); // otherwise once the image has loaded
  }

  function draw({ marks, label }) {
    parts.forEach((part, i) => (part.marks.innerHTML = marks[i]));
    paper.setAttribute("aria-label", label);
    caughtUp(); // or at least it has moved on
    moved();
  }

  function say(said) {
    if (sentence.textContent !== said) {
      const verdict = document.createElement("b"); // up to the colon
      verdict.textContent = said.slice(0, said.indexOf(":") + 1);
      sentence.replaceChildren(verdict, said.slice(verdict.textContent.length));
    }
  }

  model.on("change:background change:shown", update);
  update();
  watch();
  model.on("change:ball", moved);
  const drop = model.get("ball").length ? holdBall(model, paper, parts[0].svg) : () => {};
  const releaseKeys = keepKeys();
  const leaveControls = describeControls(el);
  const letGo = stayInView(el);
  paper.setAttribute("role", model.get("ball").length ? "application" : "img");
  return () => {
    model.off("change:background change:shown", update);
    model.off("change:ball", moved);
    for (const control of controls) control.off("change:index change:value", moved);
    clearTimeout(late);
    drop();
    releaseKeys();
    leaveControls();
    letGo();
    URL.revokeObjectURL(image.src);
  };
}

// Scroll the notebook to the whole lab: once it has been run with Shift+Enter, after which JupyterLab
// scrolls to the next cell, and whenever the keyboard's focus enters it.
function stayInView(el) {
  let lab;

  function show(focused) {
    const notebook = lab.closest(".jp-WindowedPanel-outer");
    if (!notebook) return; // on a slide, or on the site
    const view = notebook.getBoundingClientRect();
    const { top, bottom, height } = lab.getBoundingClientRect();
    const left = view.height - height;
    if (left < 0 && focused) return; // there isn't room for all: the browser shows what has the focus
    const edge = Math.max(0, Math.min(8, left / 2));
    if (left < 0 || top < view.top) notebook.scrollTop += top - view.top - edge;
    else if (bottom > view.bottom) notebook.scrollTop += bottom - view.bottom + edge;
  }

  function focused({ target }) {
    if (target.matches(":focus-visible")) show(true);
  }

  const placed = new ResizeObserver(() => {
    lab = el.closest(".stepsize-lab");
    if (!lab) return;
    placed.disconnect();
    lab.addEventListener("focusin", focused);
    const next = lab.closest(".jp-Cell")?.nextElementSibling;
    const typing = lab.closest(".jp-Notebook.jp-mod-editMode"); // then the page mustn't jump
    if (next?.matches(".jp-mod-active") && !typing) show(false);
  });
  placed.observe(el);
  return () => {
    placed.disconnect();
    lab?.removeEventListener("focusin", focused);
  };
}

// The ball follows the pointer and the arrow keys at once; its run comes from the kernel.
function holdBall(model, paper, svg) {
  const ball = add(svg, "circle", { class: "stepsize-ball", r: 16 });
  svg.classList.add("stepsize-map");

  function show() {
    const [x, y] = model.get("ball");
    ball.setAttribute("cx", x);
    ball.setAttribute("cy", y);
  }

  function put(x, y) {
    const [left, top, width, height] = model.get("geometry").reach;
    const within = (value, low, length) => Math.min(Math.max(value, low), low + length);
    model.set("ball", [within(x, left, width), within(y, top, height)]);
    model.save_changes(); // while a message is on its way, only the latest position waits
  }

  function follow(event) {
    const point = new DOMPoint(event.clientX, event.clientY);
    const { x, y } = point.matrixTransform(svg.getScreenCTM().inverse());
    put(x, y);
  }

  function press(event) {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    follow(event);
  }

  function drag(event) {
    if (svg.hasPointerCapture(event.pointerId)) follow(event);
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function key(event) {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const [x, y] = model.get("ball");
    const step = model.get("geometry").reach[2] / (event.shiftKey ? 500 : 50);
    put(x + step * arrow[0], y + step * arrow[1]);
  }

  svg.addEventListener("pointerdown", press);
  svg.addEventListener("pointermove", drag);
  paper.addEventListener("keydown", key);
  model.on("change:ball", show);
  show();
  return () => model.off("change:ball", show);
}

export default { render };
