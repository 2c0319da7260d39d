// On a page of the host's to sign in at: by passkey, with the button of Pages.Passkey, or
// from the suggestions of a field whose autocomplete names webauthn.
import start from "./key.js";

const form = document.getElementById("key-form"), { api, done } = form.dataset;
const go = (path) => location.assign(path);
const keys = await import(new URL(api + "/mfa.js", location.href));

// What the server says of a passkey that was picked. After anything else there is nobody to
// tell, and nothing to try again.
const picked = ["code_not_valid", "no_flow", "flow_expired"];

// suggest ends after a few refusals: what answers by itself would be refused for ever.
// The button still works then.
async function suggest() {
  for (let tries = 3; tries > 0; tries--) {
    try {
      if (await keys.autofill()) go(done);
      return;
    } catch (error) {
      if (!picked.includes(error.code)) return;
      const texts = JSON.parse(form.querySelector("script").textContent);
      form.querySelector("#key-problem").textContent = keys.message(error, texts);
    }
  }
}

start(form, { api, go, signal: new AbortController().signal, failed: suggest });
suggest();
