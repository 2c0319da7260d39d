// The page to sign in at: by passkey, with the button or from the suggestions
// of the field for the address.
import { autofill, message, signIn } from "/mfa/mfa.js";
import { ceremony, go, say } from "./keys.js";

// What the server says of a passkey that was picked. After anything else there
// is nobody to tell, and nothing to try again.
const picked = ["code_not_valid", "no_flow", "flow_expired"];

// suggest ends after a few refusals: what answers by itself would be refused
// for ever. The button still works then.
async function suggest() {
  for (let tries = 3; tries > 0; tries--) {
    try {
      const flow = await autofill();
      if (flow) go(flow);
      return;
    } catch (error) {
      if (!picked.includes(error.code)) return;
      say(message(error));
    }
  }
}

ceremony(async () => go(await signIn()), suggest);
suggest();
