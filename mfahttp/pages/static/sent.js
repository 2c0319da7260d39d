// Beside the field for a code that was sent: counts down until another one can be sent,
// asks now and then what became of it, and takes it out of a text message where the
// browser can. Without it the button can be pressed too early, and the page that answers
// says how long to wait.
const every = 4000, most = 100; // milliseconds, tries

export default function start(element, page) {
  const button = element.querySelector("#send");
  if (Number(button.dataset.wait) > 0) count(element, button, page.signal);
  if (element.dataset.option) watch(element, page, most);
  if ("otp" in element.dataset && "OTPCredential" in window) take(page.signal);
}

function count(element, button, signal) {
  const text = button.textContent, end = performance.now() + button.dataset.wait * 1000;
  element.querySelector("#send-wait").hidden = true;
  (function tick() {
    const left = Math.ceil((end - performance.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? button.dataset.in.replace("{time}", `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`) : text;
    if (left > 0 && !signal.aborted) setTimeout(tick, 500);
  })();
}

// watch goes on where the flow was answered by a link, in another tab or browser.
async function watch(element, page, tries) {
  if (tries === 0 || page.signal.aborted) return;
  if (!document.hidden && await look(element, page).catch(() => false)) return;
  setTimeout(watch, every, element, page, tries - 1);
}

async function look(element, page) {
  const answer = await fetch(page.api + "/flow", { signal: page.signal });
  if (answer.status === 404 || answer.status === 410) return leave(element, page);
  if (!answer.ok) return false;
  const { approved, options } = await answer.json();
  if (approved) return leave(element, page);
  const status = element.querySelector("#delivery"), state = options.find((o) => o.id === element.dataset.option)?.delivery;
  const text = state && status.getAttribute(`data-is-${state}`);
  if (text && text !== status.textContent) status.textContent = text;
  return false;
}

function leave(element, page) {
  page.go(element.dataset.over);
  return true;
}

// take fills in what the message's last line says is for this site; the person is asked.
function take(signal) {
  const form = document.getElementById("code-form"), stop = new AbortController();
  form.addEventListener("submit", () => stop.abort(), { signal });
  signal.addEventListener("abort", () => stop.abort());
  navigator.credentials.get({ otp: { transport: ["sms"] }, signal: stop.signal }).then((otp) => {
    if (!otp) return;
    form.elements.code.value = otp.code;
    form.requestSubmit();
  }).catch(() => {}); // it was typed, or there is none
}
