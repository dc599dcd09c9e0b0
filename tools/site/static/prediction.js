// After "Predict": a place for the prediction, and what follows stays folded until one is given, or
// passed over. It is kept in this browser, and is sent nowhere. Without scripts all is in view.

(() => {
  const PAGE = location.pathname.split("/").pop();

  const store = {
    get: (key) => {
      try {
        return localStorage.getItem(key);
      } catch {
        return null; // a browser that keeps nothing
      }
    },
    set: (key, value) => {
      try {
        localStorage.setItem(key, value);
      } catch {
        /* then it is forgotten when the page is left */
      }
    },
  };

  function element(name, properties = {}, ...children) {
    const node = Object.assign(document.createElement(name), properties);
    node.append(...children);
    return node;
  }

  /** What follows a prediction in its section, later predictions as well. */
  function fold(place) {
    const after = element("div", { className: "stepsize-after" });
    place.after(after);
    while (after.nextElementSibling && !after.nextElementSibling.matches("section"))
      after.append(after.nextElementSibling);
    return after;
  }

  function ask(place, i) {
    const asked = place.previousElementSibling.textContent.trim().slice(0, 80);
    const key = `stepsize: ${PAGE}: ${asked}`; // by its words, so others may come and go
    const after = fold(place);
    const form = element("form", { className: "stepsize-predict" });
    place.append(form);

    const open = () => after.removeAttribute("hidden");

    function answered(given) {
      const said = given ? ["You predicted: ", element("b", {}, given)] : ["You gave no prediction."];
      const again = element("button", { type: "button" }, given ? "Change it" : "Give one");
      again.addEventListener("click", () => {
        question(given);
        form.querySelector("input").focus();
      });
      form.replaceChildren(element("p", {}, ...said, " ", again));
      open();
    }

    function answer(given) {
      store.set(key, given);
      answered(given);
      form.querySelector("button").focus();
    }

    function question(given = "") {
      const field = { type: "text", value: given, autocomplete: "off", maxLength: 300 };
      const input = element("input", field);
      const keep = element("button", { type: "submit" }, "Keep it and go on");
      const pass = element("button", { type: "button" }, "Go on without");
      pass.addEventListener("click", () => answer(""));
      form.replaceChildren(element("label", {}, "Your prediction", input), keep, pass);
      form.onsubmit = (event) => {
        event.preventDefault();
        answer(input.value.trim());
      };
    }

    after.setAttribute("hidden", "until-found"); // the browser's own search looks into it
    after.addEventListener("beforematch", open);
    const kept = store.get(key);
    if (kept === null) question();
    else answered(kept);
    return { after, open };
  }

  /** A link to what is folded unfolds it. */
  function follow(folds) {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const around = target ? folds.filter(({ after }) => after.contains(target)) : [];
    for (const fold of around) fold.open();
    if (around.length) target.scrollIntoView();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const folds = [...document.querySelectorAll(".stepsize-prediction")].map(ask);
    addEventListener("hashchange", () => follow(folds));
    follow(folds);
  });
})();
