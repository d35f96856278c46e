"use strict";
/* Makes the static charts live: Vega draws the same description again, to be pointed at. */
window.callcost = window.callcost || {};

(() => {
  const options = { mode: "vega-lite", renderer: "svg", actions: false, defaultStyle: false, logLevel: 1 };

  /* Draws beside the old chart, out of sight but as wide, and then puts the new one in its place. */
  async function draw(holder, spec) {
    const beside = document.createElement("div");
    beside.className = "beside";
    holder.append(beside);
    const { view } = await vegaEmbed(beside, spec, options);
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

  function withRows(spec, rows, lines) {
    const datasets = { ...spec.datasets, rows };
    if (lines) datasets.lines = lines;
    return { ...spec, datasets };
  }

  callcost.charts = { draw: drawInTurn, withRows };

  callcost.onPage = () => {
    for (const figure of document.querySelectorAll("figure")) {
      const holder = figure.querySelector(".chart");
      figure.spec = JSON.parse(figure.querySelector("script").textContent);
      // The front page draws its chart by itself: what is shown there depends on its state.
      if (!document.getElementById("explorer")) drawInTurn(holder, figure.spec);
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
