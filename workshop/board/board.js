// "The class" and "By name" reload every two seconds; your own page changes only with its buttons.
const main = document.querySelector("main");
const stale = document.getElementById("stale");

async function renew() {
  try {
    const headers = { "X-Part": "1", "X-XSRFToken": main.dataset.xsrf };
    const answer = await fetch(location.href, { headers });
    if (answer.redirected || answer.status === 403) return location.reload(); // to log in again
    if (!answer.ok) throw new Error(answer.status);
    const part = await answer.text();
    if (part !== shown) main.innerHTML = shown = part;
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}

let shown = "";
if (!document.querySelector("form")) setInterval(renew, 2000);
