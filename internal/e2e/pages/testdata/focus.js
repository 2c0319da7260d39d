// What is wrong with where the keyboard's focus is now: whether it can be seen (WCAG 2.2,
// 2.4.7, 2.4.11, 2.4.13), and where it is, for the order of the stops.
(() => {
  const e = document.activeElement, out = [];
  if (!e || e === document.body) return { name: "", problems: [] };
  const style = getComputedStyle(e), r = e.getBoundingClientRect();
  const name = `<${e.tagName.toLowerCase()}${e.id ? "#" + e.id : ""}> "${(e.textContent || e.name || "").trim().slice(0, 40)}"`;
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let around = e.parentElement;
  while (around && numbers(getComputedStyle(around).backgroundColor)[3] === 0) around = around.parentElement;
  const back = light(getComputedStyle(around ?? document.documentElement).backgroundColor), ring = light(style.outlineColor);
  if (!e.matches(":focus-visible") || style.outlineStyle !== "auto" && (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2)) out.push(`the focus cannot be seen: ${e.matches(":focus-visible")} ${style.outline} ${document.hasFocus()}`);
  else if (style.outlineStyle !== "auto" && (Math.max(back, ring) + 0.05) / (Math.min(back, ring) + 0.05) < 3) out.push(`the focus is hard to see: ${style.outlineColor}`);
  if (r.width < 2 || r.height < 2 || r.left < 0 || r.right > innerWidth) out.push(`the focus is out of sight, at ${Math.round(r.left)} to ${Math.round(r.right)}`);
  if (r.height <= innerHeight && (r.top < -1 || r.bottom > innerHeight + 1)) out.push(`the focus is out of sight, at ${Math.round(r.top)} to ${Math.round(r.bottom)}`);
  const line = e.getClientRects()[0], top = document.elementFromPoint(line.left + line.width / 2, line.top + line.height / 2);
  if (top && !e.contains(top) && !top.contains(e)) out.push(`the focus is under ${top.tagName}`);
  if (e.tabIndex > 0) out.push("tabindex is above 0");
  const all = [...document.querySelectorAll("a[href], button, input, summary, [tabindex]")].filter((x) => x.tabIndex >= 0 && !x.disabled && x.type !== "hidden" && x.checkVisibility({ visibilityProperty: true }));
  return { name, problems: out, at: all.indexOf(e), of: all.length, top: r.top + scrollY, bottom: r.bottom + scrollY, start: document.documentElement.dir === "rtl" ? innerWidth - r.right : r.left };
})()
