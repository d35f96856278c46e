/* Picks the curves of the page about break-even: a few at a time, so that each has a name beside it. */
(() => {
  const GAP_PX = 15;
  const PLOT_PX = 380;

  function start() {
    const form = document.getElementById("picker");
    if (!form) return;
    const rows = JSON.parse(document.getElementById("picker-data").textContent);
    const holder = document.querySelector("#chart .chart");
    const boxes = [...form.elements.tool];
    const most = Number(form.dataset.most);
    const show = () => {
      const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
      for (const box of boxes) box.disabled = !box.checked && chosen.length >= most;
      const shown = rows.filter((row) => chosen.includes(row.name));
      return callcost.charts.draw(holder, callcost.charts.filled("work", shown, labels(shown)));
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", show);
    for (const box of boxes) box.disabled = !box.checked && boxes.filter((one) => one.checked).length >= most;
  }

  /* Places names before the starts of their curves, as far apart as letters are high. */
  function labels(rows) {
    const starts = new Map();
    for (const row of rows) if (!starts.has(row.name)) starts.set(row.name, row);
    const costs = rows.map((row) => row.value);
    const gap = (Math.log(Math.max(...costs) / Math.min(...costs)) * GAP_PX) / PLOT_PX;
    let last = -Infinity;
    return [...starts.values()].sort((a, b) => a.value - b.value).map(({ name, value, colour }) => {
      last = Math.max(Math.log(value), last + gap);
      return { text: name, place: Math.exp(last), value, colour };
    });
  }

  callcost.pick = start;
})();
