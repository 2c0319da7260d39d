// Counts down until another code can be sent. Without scripts the button can be
// pressed too early, and the page that answers says how long to wait.
const button = document.getElementById("send"), text = button.textContent;
const end = performance.now() + button.dataset.wait * 1000;

function tick() {
  const left = Math.ceil((end - performance.now()) / 1000);
  button.disabled = left > 0;
  button.textContent = left > 0 ? `${text} in ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : text;
  if (left > 0) setTimeout(tick, 500);
}

document.getElementById("send-wait").hidden = true;
tick();
