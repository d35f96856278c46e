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
    const [rank, heading, net, netSpan] = row.cells;
    const { name, kind, marks = "" } = row.dataset;
    if (kind === "floor" || (ratio === undefined && net.dataset.v === undefined)) return null;
    const known = ratio === undefined ? [net.dataset.v, ...net.dataset.i.split(",")].map(Number) : ratio.ends;
    const [value, low, high] = known || [];
    if (!(value > 0)) return null;
    const text = ratio === undefined ? `${net.textContent} ns` : ratio.text;
    // If the rows are workloads, the rank is not that of the row.
    const place = row.closest("table").id === "costs" ? rank.textContent : "";
    const colour = heading.querySelector("i").style.background;
    return {
      name: `${place} ${name}${marks}`.trim(), value, low: low > 0 ? low : value, high: high > 0 ? high : value, colour,
      other: Number(net.dataset.o),
      fill: kind === "way" ? colour : "var(--page)", text,
      told: `${name}${marks}: ${text} ${ratio === undefined ? netSpan.textContent : ratio.span}${place ? `, rank ${place}` : ""}`,
    };
  }

  callcost.charts = { draw: drawInTurn, filled, dot };

  callcost.element = (kind, text = "", className = "") => Object.assign(document.createElement(kind), { textContent: text, className });

  /* Fills a form with the values of an address. */
  callcost.fill = (form, given) => {
    for (const element of form.elements) {
      const { name, value, type } = element;
      if (type === "checkbox") element.checked = given.getAll(name).includes(value);
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
      const rows = table ? [...document.getElementById(table).tBodies[0].rows].map((row) => dot(row)).filter(Boolean) : unpacked(data.rows);
      // The front page draws its chart itself, because it depends on the state.
      if (!document.getElementById("explorer")) drawInTurn(holder, filled(grammar, rows, unpacked(data.lines)));
    }
    for (const table of document.querySelectorAll("table.picks")) highlight(table);
  };

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
