"use strict";
/* Makes the static charts live: Vega draws the same description again, to be pointed at. */
window.callcost = window.callcost || {};

(() => {
  const options = { mode: "vega", renderer: "svg", actions: false, defaultStyle: false, logLevel: 1 };

  /* Draws beside the old chart, out of sight but as wide, and then puts the new one in its place. */
  async function draw(holder, spec) {
    const beside = document.createElement("div");
    beside.className = "beside";
    holder.append(beside);
    const { view } = await vegaEmbed(beside, spec, options);
    // The chart as a whole is one image, and the table beside it says what is in it.
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

  /* Draws one after the other: of two that are asked for at once the later one stays. */
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

  /* Makes a dot of a row of a table of costs; null where it has none. `ratio` is in its cost's place. */
  function dot(row, ratio) {
    const [rank, heading, net, netSpan] = row.cells;
    const { name, kind, marks = "" } = row.dataset;
    if (kind === "floor" || (ratio === undefined && net.dataset.v === undefined)) return null;
    const known = ratio === undefined ? [net.dataset.v, ...net.dataset.i.split(",")].map(Number) : ratio.ends;
    const [value, low, high] = known || [];
    if (!(value > 0)) return null;
    const text = ratio === undefined ? `${net.textContent} ns` : ratio.text;
    // Where the rows are workloads, a rank is not theirs.
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

  callcost.onPage = () => {
    for (const figure of document.querySelectorAll("figure")) {
      const holder = figure.querySelector(".chart");
      const { grammar, table, data } = JSON.parse(figure.querySelector("script").textContent);
      const rows = table ? [...document.getElementById(table).tBodies[0].rows].map((row) => dot(row)).filter(Boolean) : unpacked(data.rows);
      // The front page draws its chart by itself: what is shown there depends on its state.
      if (!document.getElementById("explorer")) drawInTurn(holder, filled(grammar, rows, unpacked(data.lines)));
    }
    for (const table of document.querySelectorAll("table.picks")) brings(table);
  };

  /* Brings a curve out while its row in the table is pointed at, or has the focus. */
  function brings(table) {
    const holder = document.querySelector(`#${CSS.escape(table.dataset.chart)} .chart`);
    const pick = (name) => holder.view && holder.view.signal("picked", name).runAsync();
    for (const row of table.tBodies[0].rows) {
      for (const kind of ["mouseenter", "focusin"]) row.addEventListener(kind, () => pick(row.dataset.name));
      for (const kind of ["mouseleave", "focusout"]) row.addEventListener(kind, () => pick(""));
    }
  }
})();
