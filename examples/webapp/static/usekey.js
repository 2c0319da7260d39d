// The page that asks for a key as a second factor.
import { verify } from "/mfa/mfa.js";
import { ceremony, form, go, option } from "./keys.js";

// A flow that is gone has a page of its own, to which this address leads by then.
const gone = ["no_flow", "flow_expired"];

ceremony(async () => go(await verify({ option, remember: Boolean(form.elements.remember?.checked) })), (error) => {
  if (gone.includes(error.code)) location.reload();
});
