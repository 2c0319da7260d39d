// The page at which a key or passkey is added. The form carries what the key
// answers, so that what follows is a page like any other.
import { create } from "/mfa/mfa.js";
import { ceremony, form } from "./keys.js";

const instead = {
  requirement: "/confirm?return=%2Fsetup%2Fkey",
  unauthenticated: "/login?said=needed",
};

async function begin(label, signal) {
  const answer = await fetch("/mfa/enrollments", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ method: "webauthn", label }), signal,
  }).catch((error) => { throw signal.aborted ? error : { name: "NetworkError" }; });
  const json = await answer.json();
  if (!answer.ok) throw json;
  return json;
}

ceremony(async (signal) => {
  const { id, label, credential } = form.elements;
  const begun = await begin(label.value, signal);
  signal.throwIfAborted();
  credential.value = JSON.stringify(await create(begun.publicKey));
  id.value = begun.id;
  form.submit();
}, ({ code }) => {
  if (instead[code]) location.assign(instead[code]);
});
