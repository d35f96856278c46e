/* The page of the history: draws a series when it is chosen, and loads its data then. */
(() => {
  function start() {
    const table = document.getElementById("series");
    if (!table) return;
    window.addEventListener("hashchange", show);
    show();
  }

  async function show() {
    const number = new URLSearchParams(location.hash.slice(1)).get("series");
    const link = number === null ? null : document.querySelector(`a[data-series="${CSS.escape(number)}"]`);
    if (!link) return;
    const row = link.closest("tr");
    const workload = row.cells[0].textContent;
    if (!(callcost.history && workload in callcost.history)) await callcost.load(`data/history/${link.dataset.file}.js`);
    const series = callcost.history[workload].find((one) => String(one.number) === number);
    document.getElementById("shown").textContent = `${workload} through ${link.textContent}`;
    document.getElementById("shown-on").textContent = `${row.cells[2].textContent}, ${row.cells[3].textContent} runs.`;
    const said = series.changes.length ? series.changes.map((change) => change.told) : ["No change was found."];
    document.getElementById("changes").replaceChildren(...said.map((text) => callcost.element("li", text)));
    for (const other of document.querySelectorAll("tr.chosen")) other.classList.remove("chosen");
    row.classList.add("chosen");
    const figure = document.getElementById("chart");
    const rows = series.points.map(([time, value, low, high, ratio, runs]) => ({
      time, value, low, high,
      told: `${new Date(time).toISOString().slice(0, 10)}: ${value} ns${runs > 1 ? `, the median of ${runs} runs` : ""}${ratio === null ? "" : `, ${ratio} of the control`}`,
    }));
    const holder = figure.querySelector(".chart");
    holder.setAttribute("aria-label", `ns per call of ${workload} through ${link.textContent}, run by run. The table below has the latest.`);
    await callcost.charts.draw(holder, callcost.charts.filled("series", rows, series.changes));
    holder.dataset.state = number;
  }

  callcost.follow = start;
})();
