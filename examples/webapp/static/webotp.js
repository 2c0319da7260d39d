// Takes the code out of the text message where the browser can: the message's
// last line says that it is for this site, and the person is asked.
const form = document.getElementById("code-form"), field = document.getElementById("code");

if ("OTPCredential" in window) {
  const wait = new AbortController();
  form.addEventListener("submit", () => wait.abort());
  navigator.credentials.get({ otp: { transport: ["sms"] }, signal: wait.signal }).then((otp) => {
    if (!otp) return;
    field.value = otp.code;
    form.requestSubmit();
  }).catch(() => {}); // it was typed, or there is none: the field is there
}
