// Looks at a page as it is laid out now, and returns what is wrong with it, one line each.
(() => {
  const out = [], root = document.documentElement, wide = root.clientWidth;
  const rtl = root.dir === "rtl";
  const name = (e) => `<${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}${e.className && typeof e.className === "string" ? "." + e.className : ""}> "${(e.textContent || e.value || "").trim().slice(0, 40)}"`;
  const say = (e, what) => out.push(`${name(e)}: ${what}`);
  // What is only for screen readers, and what is there once it has the focus.
  const aside = (e) => e.closest(".hidden, .mfa-skip:not(:focus)");
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && !aside(e);

  if (root.scrollWidth > wide) out.push(`the page is ${root.scrollWidth} wide in ${wide}`);

  const elements = [...document.body.querySelectorAll("*")].filter(seen);
  for (const e of elements) {
    const style = getComputedStyle(e);
    const cut = style.overflowX !== "visible" || style.textOverflow === "ellipsis" || style.overflowY !== "visible";
    if (cut && e.tagName !== "INPUT" && e.tagName !== "svg" && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)) say(e, `its content is cut: ${e.scrollWidth}x${e.scrollHeight} in ${e.clientWidth}x${e.clientHeight}`);
  }

  // Each piece of text, where it is drawn.
  const pieces = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) {
    const e = node.parentElement;
    if (!node.textContent.trim() || !seen(e) || e.closest("script, noscript, style, svg") && getComputedStyle(e).display === "none") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) {
      if (r.width < 1 || r.height < 1) continue;
      if (r.left < -0.5 || r.right > wide + 0.5 || r.top + scrollY < -0.5) say(e, `text at ${Math.round(r.left)} to ${Math.round(r.right)} in ${wide}`);
      const card = e.closest(".card, .notice, .problem, button, .button");
      if (card) {
        const c = card.getBoundingClientRect();
        if (r.left < c.left - 0.5 || r.right > c.right + 0.5 || r.bottom > c.bottom + 2) say(e, `text leaves its box, at ${Math.round(r.left)} to ${Math.round(r.right)} of ${Math.round(c.left)} to ${Math.round(c.right)}`);
      }
      pieces.push([e, r]);
    }
  }
  // Words that go on in the next line without a hyphen; what people have typed may be long.
  const word = document.createRange();
  walk.currentNode = document.body;
  for (let node; (node = walk.nextNode());) {
    const e = node.parentElement;
    if (!seen(e) || e.closest("script, noscript, bdi, code") || node.textContent.includes("Donau")) continue;
    for (const m of node.textContent.matchAll(/[\p{L}\p{M}\u00ad]{2,40}/gu)) {
      if (/[@.•/-]\S*$/.test(node.textContent.slice(0, m.index)) || /^\S*[@•/-]/.test(node.textContent.slice(m.index + m[0].length))) continue;
      word.setStart(node, m.index);
      word.setEnd(node, m.index + m[0].length);
      const lines = new Set([...word.getClientRects()].filter((r) => r.width > 0).map((r) => Math.round(r.top / 8)));
      if (lines.size > 1 && !m[0].includes("\u00ad")) say(e, `the word "${m[0]}" is broken`);
    }
  }
  for (let i = 0; i < pieces.length; i++) {
    for (let j = i + 1; j < pieces.length; j++) {
      const [a, r] = pieces[i], [b, s] = pieces[j];
      const x = Math.min(r.right, s.right) - Math.max(r.left, s.left), y = Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top);
      if (x > 2 && y > 7) say(a, `is over ${name(b)}`);
    }
  }

  // What a field says of itself, and what is in it.
  const pen = document.createElement("canvas").getContext("2d");
  for (const e of document.querySelectorAll("input[placeholder]")) {
    if (!seen(e) || e.value) continue;
    const style = getComputedStyle(e);
    pen.font = style.font;
    const room = e.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (pen.measureText(e.placeholder).width > room + 1) say(e, `its placeholder "${e.placeholder}" is cut`);
  }

  // WCAG 2.2, 2.5.8: targets are 24 by 24 at least, but for links within a sentence.
  for (const e of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")) {
    if (!seen(e) || e.type === "hidden" || e.tabIndex < 0) continue;
    const r = e.getBoundingClientRect(), around = e.parentElement;
    const sentence = e.tagName === "A" && getComputedStyle(e).display === "inline" && around.textContent.trim().length > e.textContent.trim().length + 3;
    if (!sentence && (r.width < 23.9 || r.height < 23.9)) say(e, `a target of ${Math.round(r.width)} by ${Math.round(r.height)}`);
  }

  // What has a start begins there: in Arabic, at the right.
  for (const e of document.querySelectorAll("h1, h2, h3, p, label, li, dt, summary, th, td")) {
    if (!seen(e) || !e.textContent.trim()) continue;
    const style = getComputedStyle(e);
    if (style.direction !== root.dir) say(e, `runs ${style.direction}`);
    if (style.textAlign === "center" || style.display === "flex") continue;
    const range = document.createRange();
    range.selectNodeContents(e);
    const lines = [...range.getClientRects()].filter((r) => r.width > 0 && r.height > 0);
    if (!lines.length) continue;
    const box = e.getBoundingClientRect();
    const gap = rtl ? box.right - parseFloat(style.paddingRight) - Math.max(...lines.map((r) => r.right)) : Math.min(...lines.map((r) => r.left)) - box.left - parseFloat(style.paddingLeft);
    if (Math.abs(gap) > 1.5 && e.tagName !== "SUMMARY") say(e, `begins ${Math.round(gap)} from its start`);
  }
  const brand = document.querySelector(".brand")?.getBoundingClientRect(), nav = document.querySelector("header nav")?.getBoundingClientRect();
  if (brand && nav && nav.top < brand.bottom && (brand.left < nav.left) === rtl) out.push("the header is not mirrored");
  const main = document.querySelector("main")?.getBoundingClientRect();
  if (main && Math.abs(main.left - (wide - main.right)) > 1) out.push(`the page is not in the middle: ${main.left} and ${wide - main.right}`);
  return [...new Set(out)];
})()
