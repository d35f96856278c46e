() => {
  const TEXTS = "header a, h1, h2, h3, label, button, caption span, th, td, summary, .lead, .answer, .note, footer p";
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const boxes = [];

  function add(element, owner) {
    const box = element.getBoundingClientRect();
    // The line of links scrolls: what is beyond its ends is not seen.
    const line = element.closest("nav")?.getBoundingClientRect();
    if (line && (box.left < line.left - 1 || box.right > line.right + 1)) return;
    const text = element.textContent.trim().slice(0, 40);
    if (seen(element) && text && box.width && box.right > 0) boxes.push({ text, box, owner });
  }

  for (const text of document.querySelectorAll(".chart svg text")) add(text, text);
  for (const element of document.querySelectorAll(TEXTS)) add(element, element);
  boxes.sort((a, b) => a.box.top - b.box.top);
  const found = [];
  for (let i = 0; i < boxes.length; i++) {
    const one = boxes[i];
    for (let j = i + 1; j < boxes.length && boxes[j].box.top < one.box.bottom - 3; j++) {
      const other = boxes[j];
      if (one.owner.contains(other.owner) || other.owner.contains(one.owner)) continue;
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (wide > 3 && high > 3) found.push(`${one.text} | ${other.text}`);
    }
  }
  return found;
}
