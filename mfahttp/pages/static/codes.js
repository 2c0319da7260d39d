// Copies and prints what a page shows once. Without it the page still shows that, and
// lets it be downloaded.
//
//   data-copy      the id of what the button copies: the lines of a list, or a key
//   data-copied    what to say then
//   data-refused   what to say where the browser does not allow it
export default function start(element, { signal }) {
  for (const button of element.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) break;
    const of = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      const { copied, refused } = button.dataset;
      const done = await navigator.clipboard.writeText(text(of)).then(() => true, () => false);
      document.getElementById(of.id + "-status").textContent = done ? copied : refused;
    }, { signal });
  }
  const print = element.querySelector("#print");
  if (!print) return;
  print.hidden = false;
  print.addEventListener("click", () => window.print(), { signal });
}

// text is a list, line by line, or a key without the spaces between its groups.
function text(of) {
  const lines = [...of.querySelectorAll("code")].map((code) => code.textContent);
  return lines.length ? lines.join("\n") + "\n" : of.textContent.replaceAll(" ", "");
}
