// Tells the browser's passkeys which are still good here, so that one that was
// removed is offered no more.
import { signal } from "/mfa/mfa.js";

for (const e of document.querySelectorAll("[data-signal]")) signal(JSON.parse(e.dataset.signal));
