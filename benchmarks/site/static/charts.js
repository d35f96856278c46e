"use strict";
/* Makes the static charts live: Vega draws the same description again, with tooltips. */
window.callcost = window.callcost || {};

(() => {
  const options = { mode: "vega", renderer: "svg", actions: false, defaultStyle: false, logLevel: 1 };

  /* Draws hidden beside the old chart, with the same width, and then replaces it. */
  async function draw(holder, spec) {
    const beside = document.createElement("div");
    beside.className = "beside";
    holder.append(beside);
    const { view } = await vegaEmbed(beside, spec, options);
    // To a screen reader the whole chart is one image: the table beside it has the figures.
    for (const part of beside.querySelectorAll("svg [role], svg [aria-roledescription]")) {
      part.removeAttribute("role");
      part.removeAttribute("aria-roledescription");
    }
    for (const child of [...holder.children]) if (child !== beside) child.remove();
    beside.className = "";
    if (holder.view) holder.view.finalize();
    holder.view = view;
    holder.dataset.drawn = "live";
    return view;
  }

  /* Draws one after the other, so that the last one stays. */
  function drawInTurn(holder, spec) {
    holder.turn = (holder.turn || Promise.resolve()).then(() => draw(holder, spec));
    return holder.turn;
  }

  /* Fills a grammar with rows and lines. */
  function filled(grammar, rows, lines = []) {
    const spec = callcost.grammars[grammar];
    const values = { rows, lines };
    return { ...spec, data: spec.data.map((one) => (one.name in values ? { ...one, values: values[one.name] } : one)) };
  }

  function unpacked({ same, columns, rows }) {
    return rows.map((row) => ({ ...same, ...Object.fromEntries(columns.map((name, place) => [name, row[place]])) }));
  }

  /* Makes the dot of a row of a cost table; null if it has none. `ratio` replaces its cost. */
  function dot(row, ratio) {
    const [rank, heading, net] = row.cells;
    const { shown, kind, marks = "" } = row.dataset;
    if (kind === "floor" || (ratio === undefined && net.dataset.v === undefined)) return null;
    const known = ratio === undefined ? [net.dataset.v, ...net.dataset.i.split(",")].map(Number) : ratio.ends;
    const [value, low, high] = known || [];
    if (!(value > 0)) return null;
    const [own, around] = [net.firstChild.textContent.trim(), net.querySelector("small")?.textContent ?? ""];
    const text = ratio === undefined ? `${own} ns` : ratio.text;
    // If the rows are workloads, the rank is not that of the row.
    const place = row.closest("table").id === "costs" ? rank.textContent : "";
    const colour = heading.querySelector("i").style.background;
    return {
      name: `${place} ${shown}${marks}`.trim(), value, low: low > 0 ? low : value, high: high > 0 ? high : value, colour,
      other: Number(net.dataset.o),
      fill: kind === "way" ? colour : "var(--page)", text,
      told: `${shown}${marks}: ${text} ${ratio === undefined ? around : ratio.around}${place ? `, rank ${place}` : ""}`,
    };
  }

  /* Makes the dots of a table's visible rows, and a line between its two parts: a row without a dot. */
  function dots(table, base) {
    const parts = [...table.tBodies].map((body) => [...body.rows].filter((row) => row.dataset.name && !row.hidden)
      .map((row) => dot(row, base ? row.ratio : undefined)).filter(Boolean));
    const [ranked, below = []] = parts;
    if (!ranked.length || !below.length) return parts.flat();
    const value = Math.max(...parts.flat().map((one) => one.value));
    const colour = "transparent";
    return [...ranked, { name: "not ranked:", value, low: value, high: value, colour, fill: colour, text: "", told: "" }, ...below];
  }

  callcost.charts = { draw: drawInTurn, filled, dots };

  callcost.element = (kind, text = "", className = "") => Object.assign(document.createElement(kind), { textContent: text, className });

  /* Fills a form with the values of an address. */
  callcost.fill = (form, given) => {
    for (const element of form.elements) {
      const { name, value, type } = element;
      if (type === "checkbox") element.checked = given.getAll(name).includes(value);
      else if (type === "radio") element.checked = given.has(name) ? given.get(name) === value : element.checked;
      else if (given.has(name) && value !== given.get(name)) element.value = given.get(name);
    }
  };

  /* Loads a script of data once. Data are scripts, because a page that is opened from disk may read nothing else. */
  const loaded = {};
  callcost.load = (address) => loaded[address] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${address} is missing from the site`));
    document.head.append(script);
  });

  callcost.onPage = () => {
    for (const figure of document.querySelectorAll("figure")) {
      const holder = figure.querySelector(".chart");
      const { grammar, table, data } = JSON.parse(figure.querySelector("script").textContent);
      callcost.offer(figure);
      const rows = table ? dots(document.getElementById(table)) : unpacked(data.rows);
      const drawIt = () => drawInTurn(holder, filled(grammar, rows, unpacked(data.lines)));
      const folded = figure.closest("details:not([open])");
      // The front page draws its charts itself, because they depend on the state.
      if (document.getElementById("explorer")) continue;
      if (folded) drawOnce(folded, holder, drawIt);
      else drawIt();
    }
    for (const table of document.querySelectorAll("table.picks")) highlight(table);
  };

  /* Draws a folded chart when it unfolds: before, it has no width. */
  function drawOnce(folded, holder, drawIt) {
    holder.dataset.drawn = "folded";
    folded.addEventListener("toggle", drawIt, { once: true });
  }

  /* Highlights a curve while its row of the table is pointed at or has the focus. */
  function highlight(table) {
    const holder = document.querySelector(`#${CSS.escape(table.dataset.chart)} .chart`);
    const pick = (name) => holder.view && holder.view.signal("picked", name).runAsync();
    for (const row of table.tBodies[0].rows) {
      for (const kind of ["mouseenter", "focusin"]) row.addEventListener(kind, () => pick(row.dataset.name));
      for (const kind of ["mouseleave", "focusout"]) row.addEventListener(kind, () => pick(""));
    }
  }
})();
