// A formula that is wider than its place is scrolled: by keyboard as well, so it takes the focus.
addEventListener("load", async () => {
  await globalThis.MathJax?.startup?.promise;
  for (const formula of document.querySelectorAll('mjx-container[display="true"]')) {
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
  }
});
