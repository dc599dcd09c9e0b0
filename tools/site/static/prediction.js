// After "Predict": a form for the prediction. What follows stays folded until you give one, or skip
// it. It is kept in this browser, and is sent nowhere. Without scripts, everything is in view.

(() => {
  const PAGE = location.pathname.split("/").pop();
  const OURS = "stepsize: "; // what all keys begin with, because other sites on the host have keys, too

  const store = {
    get(key) {
      try {
        return JSON.parse(localStorage.getItem(key));
      } catch {
        return null; // a browser that keeps nothing, or something that isn't ours
      }
    },
    set(key, value) {
      try {
        localStorage.setItem(key, JSON.stringify(value));
      } catch {
        /* then it is forgotten when the page is left */
      }
    },
    keys() {
      try {
        return Object.keys(localStorage).filter((key) => key.startsWith(OURS));
      } catch {
        return [];
      }
    },
    erase() {
      for (const key of store.keys()) localStorage.removeItem(key);
    },
  };

  function element(name, properties = {}, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  // The fields: each kind gives its nodes, and a function that reads them ---------------------------

  let ids = 0;

  function input(field, type, said) {
    const id = `stepsize-field-${++ids}`;
    const node = element("input", { id, type, value: said, autocomplete: "off", maxLength: 300 });
    const unit = field.unit ? [element("span", { id: `${id}-unit` }, field.unit)] : [];
    if (field.unit) node.setAttribute("aria-describedby", `${id}-unit`);
    const label = element("label", { htmlFor: id }, field.label || "Your prediction");
    return { node, nodes: [label, node, ...unit], said: () => node.value.trim() };
  }

  const KINDS = {
    words: (field, said) => input(field, "text", said),
    number(field, said) {
      const made = input(field, "number", said);
      made.node.step = "any";
      return made;
    },
    choice({ label, options }, said) {
      const name = `stepsize-field-${++ids}`;
      const radios = options.map((value) =>
        element("input", { type: "radio", name, value, checked: value === said }),
      );
      const labels = radios.map((radio) => element("label", {}, radio, element("span", {}, radio.value)));
      const group = element("span", { className: "stepsize-choices" }, ...labels);
      group.setAttribute("role", "radiogroup");
      group.setAttribute("aria-label", label);
      const title = element("span", { ariaHidden: "true" }, label);
      return { nodes: [title, group], said: () => radios.find((radio) => radio.checked)?.value ?? "" };
    },
  };

  /** What was answered, in one line: "the longest: 3 lr"; nothing about what was left out. */
  function told(fields, said) {
    const parts = fields.map(({ label, unit }, i) => {
      const value = [said[i], unit].filter(Boolean).join(" ");
      return said[i] && (fields.length > 1 ? `${label}: ${value}` : value);
    });
    return parts.filter(Boolean).join("; ");
  }

  // One prediction ----------------------------------------------------------------------------------

  /** What follows a prediction in its section, including later predictions. */
  function fold(place) {
    const after = element("div", { className: "stepsize-after" });
    place.after(after);
    while (after.nextElementSibling && !after.nextElementSibling.matches("section"))
      after.append(after.nextElementSibling);
    return after;
  }

  /** Where the lesson answers: the first words after what a cell or a lab shows. */
  function answerIn(after) {
    const all = [...after.children];
    const next = all.findIndex((node) => node.matches(".stepsize-prediction"));
    const mine = next < 0 ? all : all.slice(0, next);
    const shown = mine.findIndex((node) => node.matches(".cell, .stepsize-web"));
    const words = (node, i) => i > shown && node.matches("p, ul, ol, details") && !node.matches(".stepsize-still");
    return shown < 0 ? undefined : mine.find(words);
  }

  function ask(place) {
    const { asked } = place.dataset, fields = JSON.parse(place.dataset.fields);
    const key = `${OURS}${PAGE}: ${asked.slice(0, 80)}`; // its words, so others may come and go
    const after = fold(place);
    const recalled = element("p", { className: "stepsize-recalled" });
    answerIn(after)?.before(recalled);
    const form = element("form", { className: "stepsize-predict" });
    place.append(form);

    const open = () => after.removeAttribute("hidden");
    const passed = () => element("button", { type: "button", onclick: () => answer([]) }, "Go on without one");

    function answered(said) {
      const line = told(fields, said);
      const again = element("button", { type: "button" }, line ? "Change it" : "Make one");
      again.addEventListener("click", () => {
        question(said);
        form.querySelector("input, button").focus();
      });
      const words = line ? ["You predicted: ", element("b", {}, line)] : ["You made no prediction."];
      form.replaceChildren(element("p", {}, ...words, " ", again));
      recalled.replaceChildren(...(line ? ["You predicted: ", element("b", {}, line)] : []));
      open();
    }

    function answer(said) {
      const title = document.querySelector("h1").firstChild.textContent;
      store.set(key, { said, told: told(fields, said), asked, title });
      answered(said);
      form.querySelector("button").focus();
    }

    /** A single choice is made with one click. */
    function offer({ options }) {
      const made = options.map((text) =>
        element("button", { type: "button", className: "stepsize-option", onclick: () => answer([text]) }, text),
      );
      const group = element("div", { className: "stepsize-options" }, ...made);
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", "Your prediction");
      form.replaceChildren(group, passed());
    }

    function question(said = []) {
      if (fields.length === 1 && fields[0].kind === "choice") return offer(fields[0]);
      const made = fields.map((field, i) => KINDS[field.kind](field, said[i] ?? ""));
      const rows = made.map(({ nodes }) => element("div", { className: "stepsize-field" }, ...nodes));
      form.replaceChildren(...rows, element("button", { type: "submit" }, "Keep it and go on"), passed());
      form.onsubmit = (event) => {
        event.preventDefault();
        answer(made.map((each) => each.said()));
      };
    }

    after.setAttribute("hidden", "until-found"); // the browser's own search looks into it
    after.addEventListener("beforematch", open);
    const kept = store.get(key);
    if (kept === null) question();
    else answered(kept.said);
    return { after, open };
  }

  /** A link to something folded unfolds it. */
  function follow(folds) {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const around = target ? folds.filter(({ after }) => after.contains(target)) : [];
    for (const fold of around) fold.open();
    if (around.length) target.scrollIntoView();
  }

  // All of them, on their own page -------------------------------------------------------------

  function list(place) {
    const said = element("p", {});
    said.setAttribute("role", "status");
    place.replaceChildren(said);
    const keys = store.keys().filter((key) => store.get(key)?.told).sort();
    if (!keys.length) said.textContent = "You haven't made any predictions in this browser.";
    if (!store.keys().length) return;

    const pages = new Map();
    for (const key of keys) {
      const page = key.slice(OURS.length).split(": ")[0];
      pages.set(page, [...(pages.get(page) ?? []), key]);
    }
    for (const [page, here] of pages) {
      const link = element("a", { href: `lessons/${encodeURIComponent(page)}` }, store.get(here[0]).title);
      const lines = here.map((key) => {
        const { asked, told: line } = store.get(key);
        return element("li", {}, asked, " ", element("b", {}, line));
      });
      place.append(element("h2", {}, link), element("ul", {}, ...lines));
    }
    const erase = element("button", { type: "button" }, "Erase them all");
    erase.addEventListener("click", () => {
      store.erase();
      list(place);
      place.firstElementChild.textContent = "Your predictions are erased. The lessons will ask you again.";
    });
    said.after(element("p", { className: "stepsize-predict" }, erase));
  }

  document.addEventListener("DOMContentLoaded", () => {
    const folds = [...document.querySelectorAll(".stepsize-prediction")].map(ask);
    addEventListener("hashchange", () => follow(folds));
    follow(folds);
    document.querySelectorAll(".stepsize-predictions").forEach(list);
  });
})();
