// JupyterLite needs a server: in a page opened from a folder, the click would lead to an empty page.

if (location.protocol === "file:")
  for (const place of document.querySelectorAll(".stepsize-try"))
    place.textContent = "Once this site is on a server, its exercises can be tried in the browser.";
