// Sends the forms of these pages without loading a page anew, and runs their modules.
//
// Within #mfa an element with data-module names a module, whose default export is called
// with the element and { signal, api, go }: signal ends when the element goes, api is the
// path of the JSON API, go(path) leads on. A form that is not for here (a download, a path
// of the host's) is left to the browser; data-plain says so of a form of ours.
const ours = new URL("..", import.meta.url).pathname;
const find = (id) => document.getElementById(id);
const isOurs = (url) => url.origin === location.origin && url.pathname.startsWith(ours);
let shown = location.pathname + location.search;
let life = new AbortController();

function start() {
  life = new AbortController();
  const page = { signal: life.signal, api: find("mfa").dataset.api, go };
  for (const element of find("mfa").querySelectorAll("[data-module]")) {
    import(element.dataset.module).then((module) => page.signal.aborted || module.default(element, page))
      .catch(() => element.dataset.begin && say(element, find("mfa").dataset.offline)); // without it there is no button
  }
}

// show puts an answer in the place of the page, and the focus where one goes on reading.
function show(html) {
  const answer = new DOMParser().parseFromString(html, "text/html"), next = answer.getElementById("mfa");
  if (!next) return false;
  life.abort();
  document.title = answer.title;
  document.documentElement.lang = answer.documentElement.lang;
  document.documentElement.dir = answer.documentElement.dir;
  for (const old of document.querySelectorAll("[data-mfa-part]")) {
    const now = answer.getElementById(old.id);
    if (now) old.replaceWith(document.adoptNode(now));
  }
  find("mfa").replaceWith(document.adoptNode(next));
  const problem = find("problem");
  const target = next.querySelector("[aria-invalid]") || (problem?.textContent && problem) || next.querySelector("[autofocus], h1") || next;
  if (target.tabIndex < 0) target.tabIndex = -1;
  scrollTo(0, 0);
  target.focus();
  start();
  return true;
}

// answered shows what came back of a request, or leaves for where it led.
async function answered(answer, asked) {
  const to = answer.headers.get("Mfa-Location");
  if (to) return go(to);
  const url = new URL(answer.url);
  if (!isOurs(url) || !answer.headers.get("Content-Type")?.startsWith("text/html") || !show(await answer.text())) {
    return location.assign(asked === "GET" || answer.redirected ? url : location.href);
  }
  const path = url.pathname + url.search;
  if ((asked === "GET" || answer.redirected) && path !== shown) history.pushState(null, "", shown = path);
}

const ask = async (url, options) => answered(await fetch(url, { ...options, headers: { Accept: "text/html", "Mfa-Page": "1" } }), options.method);

// go leads to a path: of ours without loading it anew.
export async function go(path) {
  const url = new URL(path, location.href);
  if (!isOurs(url)) return location.assign(url);
  await ask(url, { method: "GET" }).catch(() => location.assign(url));
}

// busy keeps a form from being sent twice.
function busy(form, on) {
  for (const [element, name] of [[form, "aria-busy"], ...[...form.querySelectorAll("button:not([type=button])")].map((b) => [b, "aria-disabled"])]) {
    if (on) element.setAttribute(name, "true");
    else element.removeAttribute(name);
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target, mfa = find("mfa");
  if (!mfa?.contains(form) || event.defaultPrevented) return;
  if (form.hasAttribute("aria-busy")) return event.preventDefault();
  const url = new URL(form.getAttribute("action") || location.href, location.href);
  if ("plain" in form.dataset || !isOurs(url) || form.getAttribute("method") !== "post") return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  busy(form, true);
  try {
    await ask(url, { method: "POST", body });
  } catch {
    say(form, mfa.dataset.offline);
  }
  busy(form, false);
});

// say tells what went wrong with a form that could not be sent.
function say(form, text) {
  let place = find("problem");
  if (!place) {
    place = Object.assign(document.createElement("p"), { id: "problem", className: "problem", role: "alert" });
    form.prepend(place);
  }
  place.textContent = text;
}

addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[aria-busy]").forEach((form) => busy(form, false));
});
addEventListener("popstate", () => {
  if (shown !== location.pathname + location.search) location.reload();
});
if (find("mfa")) start();
