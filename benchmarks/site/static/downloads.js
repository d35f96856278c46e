/* Offers each chart as a file, as it is drawn now and in the colours of this page. */
(() => {
  const SCALE = 2;
  const PADDING_PX = 12;

  function offer(figure) {
    const line = callcost.element("p", "", "downloads");
    for (const kind of ["SVG", "PNG"]) {
      const button = callcost.element("button", kind);
      button.type = "button";
      button.setAttribute("aria-label", `Download the chart as ${kind}`);
      button.addEventListener("click", () => download(figure, kind));
      line.append(button);
    }
    figure.append(line);
  }

  async function download(figure, kind) {
    const text = standalone(figure.querySelector(".chart svg"));
    const name = `callcost-${figure.id || "chart"}.${kind.toLowerCase()}`;
    const address = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    if (kind === "SVG") save(name, new Blob([text], { type: "image/svg+xml" }));
    else save(name, await painted(address));
  }

  /* Copies a chart with a page behind it, and with colours in the place of the page's variables. */
  function standalone(drawn) {
    const style = getComputedStyle(document.documentElement);
    const copy = drawn.cloneNode(true);
    const { width, height } = drawn.getBoundingClientRect();
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", width + 2 * PADDING_PX);
    copy.setAttribute("height", height + 2 * PADDING_PX);
    const [left, top, wide, high] = (drawn.getAttribute("viewBox") || `0 0 ${width} ${height}`).split(/[ ,]+/).map(Number);
    copy.setAttribute("viewBox", `${left - PADDING_PX} ${top - PADDING_PX} ${wide + 2 * PADDING_PX} ${high + 2 * PADDING_PX}`);
    const paper = `<rect x="${left - PADDING_PX}" y="${top - PADDING_PX}" width="100%" height="100%" fill="var(--page)"/>`;
    const text = new XMLSerializer().serializeToString(copy).replace(/^(<svg[^>]*>)/, `$1${paper}`);
    return text.replace(/var\((--[\w-]+)\)/g, (_, variable) => style.getPropertyValue(variable).trim() || "gray");
  }

  async function painted(address) {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = callcost.element("canvas");
    [canvas.width, canvas.height] = [image.width * SCALE, image.height * SCALE];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  }

  function save(name, blob) {
    const link = callcost.element("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  callcost.offer = offer;
})();
