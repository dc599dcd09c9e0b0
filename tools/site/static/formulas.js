// A formula that is too wide can be scrolled, with the keyboard as well, so it takes the focus.
addEventListener("load", async () => {
  await globalThis.MathJax?.startup?.promise;
  for (const formula of document.querySelectorAll('mjx-container[display="true"]')) {
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
  }
});

// So can code; what was folded when the page was opened couldn't be measured then.
const reach = () => {
  for (const code of document.querySelectorAll("article pre")) {
    if (code.scrollWidth > code.clientWidth) code.tabIndex = 0;
  }
};
addEventListener("load", () => setTimeout(reach));
document.addEventListener("toggle", reach, true);
document.addEventListener("click", () => setTimeout(reach), true);

// A long name in a table breaks after a dot or an underscore, if it has one.
document.addEventListener("DOMContentLoaded", () => {
  for (const code of document.querySelectorAll("td code .pre")) {
    const parts = code.textContent.split(/(?<=\w[._])(?=\w)/);
    code.replaceChildren(...parts.flatMap((part) => [part, document.createElement("wbr")]));
  }
});
