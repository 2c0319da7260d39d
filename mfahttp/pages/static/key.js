// A form that asks for a key: its button begins a ceremony by the API, and what the key
// answers is a field of the form, so that what follows is like with any other form.
//
//   data-begin   the call that begins it: "flow/challenge", "enrollments", "passkey/begin"
//   data-send    the names of the fields that the call is sent
//   data-again   the page that says more where the flow or the session has come to its end
//   data-done    on a page to sign in at: the page that goes on after a sign-in by passkey
//
// A field named id takes the id that the call answers with.
const gone = ["no_flow", "flow_expired", "unauthenticated", "requirement"];

export default async function start(form, { signal, api, go, failed }) {
  const find = (id) => form.querySelector("#" + id);
  const button = find("key-button"), cancel = find("key-cancel"), status = find("key-status"), problem = find("key-problem");
  const texts = JSON.parse(form.querySelector("script").textContent);
  const keys = await import(new URL(api + "/mfa.js", location.href));
  const { begin, send = "", again, done } = form.dataset;
  let stop = new AbortController();

  async function call() {
    const body = {};
    for (const name of send.split(" ")) if (form.elements[name]?.value) body[name] = form.elements[name].value;
    const answer = await fetch(`${api}/${begin}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: stop.signal,
    }).catch((error) => { throw stop.signal.aborted ? error : { name: "NetworkError" }; });
    const json = await answer.json();
    if (!answer.ok) throw json;
    return json;
  }

  async function run() {
    if (done) return keys.signIn().then(() => go(done));
    const { id, publicKey } = await call();
    stop.signal.throwIfAborted();
    const credential = await (publicKey.user ? keys.create(publicKey) : keys.get(publicKey));
    form.elements.credential.value = JSON.stringify(credential);
    if (id && form.elements.id) form.elements.id.value = id;
    busy(false);
    form.requestSubmit(button);
    form.elements.credential.value = ""; // it is good for one answer
  }

  function busy(on) {
    button.disabled = on;
    cancel.hidden = !on;
    status.textContent = on ? texts.touch : "";
  }

  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return; // it is signed: on its way
    event.preventDefault();
    if (button.disabled) return;
    problem.textContent = "";
    stop = new AbortController();
    busy(true);
    try {
      await run();
    } catch (error) {
      busy(false);
      if (signal.aborted) return;
      if (again && gone.includes(error.code)) return go(again);
      problem.textContent = keys.message(error, texts);
      button.focus();
      failed?.();
    }
  }, { signal });
  cancel.addEventListener("click", () => { stop.abort(); keys.abort(); });
  signal.addEventListener("abort", () => { stop.abort(); keys.abort(); });
  addEventListener("pageshow", (event) => event.persisted && busy(false), { signal });
  button.disabled = button.hidden = false;
}
