// Copy and print for the page of recovery codes. Without scripts the page still
// shows them and lets them be downloaded.
"use strict";
const codes = [...document.querySelectorAll("#codes code")].map((c) => c.textContent);
const copy = document.getElementById("copy");
const print = document.getElementById("print");
const copied = document.getElementById("copied");
if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(codes.join("\n") + "\n");
      copied.textContent = "Copied.";
    } catch {
      copied.textContent = "The browser did not allow copying.";
    }
  });
}
print.hidden = false;
print.addEventListener("click", () => window.print());
