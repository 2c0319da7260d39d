// What the pages that ask for a key share: one form, one button, one place for
// what went wrong, after which the button can be pressed again.
import { abort, message } from "/mfa/mfa.js";

const find = (id) => document.getElementById(id);
const button = find("key-button"), cancel = find("key-cancel"), status = find("key-status"), problem = find("key-problem");

export const form = find("key-form");
export const { option, next, again } = button.dataset;

// ceremony runs what asks for a key whenever the form is sent, with a signal that
// says when its user has given up. failed is told of each error that was shown.
export function ceremony(run, failed = () => {}) {
  let stop = new AbortController();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    say("");
    busy(true);
    stop = new AbortController();
    try {
      await run(stop.signal);
    } catch (error) {
      busy(false);
      say(message(error));
      button.focus();
      failed(error);
    }
  });
  cancel.addEventListener("click", () => {
    stop.abort();
    abort();
  });
  addEventListener("pageshow", (event) => event.persisted && busy(false)); // back to a page that the browser has kept
  button.disabled = button.hidden = false;
}

// say tells what went wrong.
export function say(text) {
  problem.textContent = text;
}

// go leads to where the flow goes on.
export function go(flow) {
  location.assign({ passed: next, enroll: "/setup" }[flow.status] || again);
}

function busy(on) {
  button.disabled = on;
  cancel.hidden = !on;
  status.textContent = on ? "Do what your browser says: touch your key, or unlock this device or your phone." : "";
}
