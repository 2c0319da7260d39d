// Asks now and then what became of the message, and goes on when the link in a
// mail was opened in another tab.
const status = document.getElementById("delivery");
const { option, next } = status.dataset;
const every = 4000, most = 60; // milliseconds, tries

async function look() {
  const answer = await fetch("/mfa/flow");
  if (answer.status === 404 || answer.status === 410) return over();
  if (!answer.ok) return false;
  const { options } = await answer.json();
  const state = options.find((o) => o.id === option)?.delivery;
  const text = state && status.getAttribute(`data-${state}`);
  if (text && text !== status.textContent) status.textContent = text;
  return false;
}

// over leads on: the flow has passed, or is too old.
async function over() {
  const me = await fetch("/me");
  location.assign(me.ok ? next : "/login?said=expired");
  return true;
}

async function watch(tries) {
  if (tries === 0) return;
  const done = document.hidden ? false : await look().catch(() => false);
  if (!done) setTimeout(watch, every, tries - 1);
}

watch(most);
