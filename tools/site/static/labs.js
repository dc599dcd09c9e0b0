// The labs of a page. Each `.stepsize-web` is filled by `labs/picture.js`, which is the course's own;
// what a kernel would do for it is done here: from a recording, or by a script that computes it.

globalThis.stepsize = { recorded: {}, computed: {} };

(() => {
  const HERE = new URL(".", document.currentScript.src);
  const loading = {};

  // With a script tag, so that the site works from a folder as well, where nothing can be fetched.
  // They run in the order in which they are requested.
  function load(file) {
    loading[file] ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      Object.assign(script, { src: new URL(file, HERE), async: false, onload: resolve, onerror: reject });
      document.head.append(script);
    });
    return loading[file];
  }

  function bytes(base64) {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  }

  /** What picture.js expects of a widget's model. */
  class Model {
    constructor(state) {
      this.state = { controls: [], ball: [], ...state };
      this.heard = {};
    }
    get(name) {
      return this.state[name];
    }
    set(name, value) {
      this.state[name] = value;
      for (const listener of this.heard[`change:${name}`] ?? []) listener();
    }
    on(names, listener) {
      for (const name of names.split(" ")) (this.heard[name] ??= []).push(listener);
    }
    off(names, listener) {
      for (const name of names.split(" "))
        this.heard[name] = (this.heard[name] ?? []).filter((other) => other !== listener);
    }
    save_changes() {
      this.saved?.();
    }
  }

  // The controls: native ones, each with a list to choose from --------------------------------------

  let ids = 0;

  function element(name, properties = {}, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  const KINDS = {
    fixed: () => [],
    select({ options, index }, id, changed) {
      const node = element("select", { id }, ...options.map((text) => element("option", {}, text)));
      node.selectedIndex = index;
      node.addEventListener("input", () => changed(node.selectedIndex));
      return [node];
    },
    slider({ options, index }, id, changed) {
      const node = element("input", { id, type: "range", min: 0, max: options.length - 1, step: 1 });
      const readout = element("output", { htmlFor: id });
      const tell = () => {
        readout.textContent = options[node.value];
        node.setAttribute("aria-valuetext", options[node.value]);
      };
      node.value = index;
      node.addEventListener("input", () => (tell(), changed(Number(node.value))));
      tell();
      return [node, readout];
    },
    buttons({ label, options, index }, id, changed) {
      const group = element("span", { className: "stepsize-choices", id });
      group.setAttribute("role", "radiogroup");
      group.setAttribute("aria-label", label);
      options.forEach((text, i) => {
        const radio = element("input", { type: "radio", name: id, checked: i === index });
        radio.addEventListener("input", () => changed(i));
        group.append(element("label", {}, radio, element("span", {}, text)));
      });
      return [group];
    },
    again({ label, options, index }, id, changed) {
      const node = element("button", { type: "button", id }, label);
      node.addEventListener("click", () => changed((index = (index + 1) % options.length)));
      return [node];
    },
  };

  /** A row with one control. It can be `hidden`, so that a rule shows only its own. */
  function row(control, changed) {
    const id = `stepsize-control-${++ids}`;
    const parts = KINDS[control.kind](control, id, changed);
    const names = {
      select: () => [element("label", { htmlFor: id }, control.label)],
      slider: () => [element("label", { htmlFor: id }, control.label)],
      buttons: () => [element("span", { ariaHidden: "true" }, control.label)],
    };
    const name = names[control.kind]?.() ?? [];
    const className = `stepsize-control stepsize-${control.kind}`;
    return element("div", { className, hidden: control.kind === "fixed" }, ...name, ...parts);
  }

  // A lab that replays what was recorded ------------------------------------------------------------

  /** Frames are numbered like the digits of a number: the last control changes fastest. */
  function replay(place, lab) {
    const chosen = lab.controls.map((control) => control.index);
    const frame = () =>
      lab.frames[lab.controls.reduce((n, { options }, i) => n * options.length + chosen[i], 0)];
    const shown = () => {
      const [said, , ...marks] = frame();
      return {
        marks: marks.map((pieces) => pieces.map((piece) => lab.pieces[piece]).join("")),
        sentence: lab.sentences[said],
        label: `${lab.title}. ${lab.sentences[said]}`,
        seen: { ball: [], controls: [] },
      };
    };
    const scene = () => lab.scenes[frame()[1]];
    const model = new Model({ geometry: lab.geometry, background: bytes(scene()), shown: shown() });
    let background = scene();
    const change = (i) => (index) => {
      chosen[i] = index;
      if (scene() !== background) model.set("background", bytes((background = scene())));
      model.set("shown", shown());
    };
    const rows = lab.controls.map((control, i) => row(control, change(i)));
    show(place, rows, model, lab.note);
  }

  function show(place, rows, model, note) {
    const picture = element("div");
    const words = note ? [element("p", { className: "stepsize-note" }, note)] : [];
    place.replaceChildren(element("div", { className: "stepsize-controls" }, ...rows), picture, ...words);
    stepsize.picture.render({ model, el: picture });
    place.dataset.alive = Math.round(performance.now()); // since the page was requested
  }

  async function wake(place) {
    const { lab: name, computed } = place.dataset;
    const more = computed ? ["rules.js", "drawing.js", `${computed}.js`] : [];
    await Promise.all(["picture.js", `labs/${name}.js`, ...more].map(load));
    await (stepsize.computed[computed] ?? replay)(place, stepsize.recorded[name]);
    place.previousElementSibling?.classList.add("stepsize-replaced"); // the picture of it
  }

  Object.assign(stepsize, { Model, bytes, load, row, show });

  // The one on the front page at once, the others shortly before they come into view.
  document.addEventListener("DOMContentLoaded", () => {
    const near = new IntersectionObserver(
      (entries) => {
        for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
          near.unobserve(target);
          wake(target).catch((error) => (console.error(error), target.remove())); // its picture stays
        }
      },
      { rootMargin: "600px" },
    );
    for (const place of document.querySelectorAll(".stepsize-web")) near.observe(place);
  });
})();
