// Tells the browser's passkeys which are still good here, so that one that was removed is
// offered no more; and says so where a browser has no use for keys.
export default async function start(element, { api }) {
  const none = element.querySelector("#no-keys");
  if (none) none.hidden = Boolean(window.PublicKeyCredential);
  if (!element.dataset.signal) return;
  const { signal } = await import(new URL(api + "/mfa.js", location.href));
  signal(JSON.parse(element.dataset.signal));
}
