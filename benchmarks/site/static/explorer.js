/* The front page: its address holds the workload, the filters, the order and the base of ratios.
 * The table holds the figures, and the chart is drawn from its rows. */
(() => {
  const DEFAULTS = { scale: "log", base: "", mechanism: "", tool: "", gil: "", abi: "", sort: "", down: "" };
  const [NET, RATIO] = [2, 3];
  const small = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const { element, fill, load } = callcost;
  const large = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const write = (value) => (Math.abs(value) >= 1000 ? large : small).format(value);

  let form, table, holder, picture, first, state;

  function start() {
    form = document.getElementById("explorer");
    if (!form) return;
    table = document.getElementById("costs");
    holder = document.querySelector("#chart .chart");
    picture = document.querySelector("#tools .chart");
    first = form.elements.workload.value;
    const tools = [...new Set(Object.values(callcost.costs.mechanisms).map((known) => known.tool))];
    addOptions(form.elements.tool, tools.map((tool) => [tool, tool]));
    form.addEventListener("submit", (event) => event.preventDefault());
    // Some controls belong to the form, but stand farther below.
    document.addEventListener("input", (event) => {
      if (event.target.form === form) change({ ...state, ...Object.fromEntries(new FormData(form)) });
    });
    form.addEventListener("reset", (event) => { event.preventDefault(); change({ ...DEFAULTS, workload: first }); });
    table.addEventListener("sorted", (event) => {
      const { column, descending } = event.detail;
      change({ ...state, sort: String(column), down: descending ? "1" : "" });
    });
    window.addEventListener("hashchange", () => show(fromAddress()));
    show(fromAddress());
  }

  function addOptions(select, options) {
    for (const [value, text] of options) select.add(new Option(text, value));
  }

  function fromAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const found = { ...DEFAULTS, workload: first };
    for (const name of Object.keys(found)) if (given.has(name)) found[name] = given.get(name);
    if (!(found.workload in callcost.costs.workloads)) found.workload = first;
    if (!["log", "linear"].includes(found.scale)) found.scale = "log";
    return found;
  }

  function address(wanted) {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(wanted)) {
      if (value !== (name === "workload" ? first : DEFAULTS[name])) given.set(name, value);
    }
    return `#${given}`;
  }

  /* Replaces the address, so that the browser's history does not get an entry for every key. */
  function change(wanted) {
    const now = address(wanted);
    if (now === (location.hash || "#")) show(wanted);
    else location.replace(now);
  }

  async function show(wanted) {
    const known = callcost.costs.workloads[wanted.workload];
    if (!state || state.workload !== wanted.workload) putWorkload(known);
    state = wanted;
    const base = baseRow(wanted.base);
    if (wanted.base && base) await load(known.ratios);
    if (state !== wanted) return;
    fill(form, new URLSearchParams(wanted));
    if (address({ ...wanted, workload: first }) !== "#") document.querySelector("details.filters").open = true;
    fillRatios(wanted, known, base);
    filter(wanted);
    const column = wanted.sort === "" ? NET : Number(wanted.sort);
    if (table.tHead.rows[0].cells[column]) callcost.tables.sort(table, column, wanted.down === "1");
    if (wanted.sort === "") floorsLast();
    document.getElementById("permalink").href = address(wanted);
    await drawCharts(wanted, known, base);
    holder.dataset.state = address(wanted);
  }

  function putWorkload(known) {
    const [ranked, below] = table.tBodies;
    const rows = known.rows.map(rowOf);
    ranked.replaceChildren(...rows.filter((row) => row.dataset.kind === "way"));
    below.replaceChildren(below.rows[0], ...rows.filter((row) => row.dataset.kind !== "way"));
    table.caption.querySelector("code").textContent = known.call;
    document.getElementById("call").textContent = known.call;
    document.getElementById("finding").textContent = known.finding;
    document.getElementById("python").textContent = known.python;
    document.getElementById("isolates").textContent = known.isolates ? `: ${known.isolates}` : "";
    const select = form.elements.base;
    select.length = 1;
    addOptions(select, known.rows.filter(([name]) => !name.includes(" @ ")).map(([name, , shown]) => [name, shown]));
  }

  /* The cells are in the order of the report's own table. */
  function rowOf([name, mechanism, shown, kind, marks, rank, net, netAround, ratio, ratioAround, gross, gil, abi, processes, netNs, lowNs, highNs]) {
    const row = element("tr");
    Object.assign(row.dataset, { name, mechanism, shown, kind, marks });
    const owner = callcost.costs.mechanisms[mechanism];
    row.append(element("td", rank), heading(shown, marks, kind === "floor" ? null : owner), figure(net, netAround), figure(ratio, ratioAround));
    row.append(...[gross, gil, abi, processes].map((text) => element("td", text)));
    if (netNs !== null) Object.assign(row.cells[NET].dataset, { v: netNs, i: `${lowNs},${highNs}` });
    return row;
  }

  function figure(text, around) {
    const cell = element("td");
    put(cell, text, around);
    return cell;
  }

  function put(cell, text, around) {
    cell.replaceChildren(`${text} `, element("small", around));
  }

  function heading(shown, marks, owner) {
    const made = element("th");
    made.scope = "row";
    const mark = element("i");
    mark.style.background = owner ? owner.colour : "var(--muted)";
    const link = element(owner ? "a" : "span", shown);
    if (owner) link.href = owner.url;
    made.append(mark, link, marks);
    return made;
  }

  const rowsOf = () => [...table.querySelectorAll("tr[data-name]")];
  const baseRow = (name) => rowsOf().find((row) => row.dataset.name === name);

  /* The record has one ratio of two rows; the opposite one is its inverse. */
  function ratioOf({ names, table: known }, name, base) {
    const [row, other] = [names.indexOf(name), names.indexOf(base)];
    if (row < 0 || other < 0) return null;
    if (row === other) return [1, 1, 1];
    const found = known[Math.max(row, other) * (Math.max(row, other) - 1) / 2 + Math.min(row, other)];
    if (!found.length) return null;
    const [value, low, high] = found;
    return row > other ? found : [1 / value, high && 1 / high, low && 1 / low];
  }

  function fillRatios(wanted, known, base) {
    for (const label of table.querySelectorAll(".base")) label.textContent = base ? base.dataset.shown : known.fastest || "the fastest";
    for (const row of rowsOf()) {
      const cell = row.cells[RATIO];
      row.fastest ??= { text: cell.firstChild.textContent.trim(), around: cell.querySelector("small").textContent, value: undefined };
      row.ratio = undefined;
      let shown = row.fastest;
      if (base) {
        const ratios = callcost.ratios[wanted.workload];
        const ends = ratioOf({ names: ratios[0], table: ratios[1] }, row.dataset.name, wanted.base);
        const around = ends && ends[1] !== null ? `±${write(Math.max(ends[2] - ends[0], ends[0] - ends[1]))}` : "";
        row.ratio = { ends, text: ends ? `${write(ends[0])}×` : "–", around };
        shown = { text: ends ? write(ends[0]) : "–", around, value: ends ? ends[0] : "" };
      }
      put(cell, shown.text, shown.around);
      // To sort ratios to another row, more than the two digits shown are needed.
      if (shown.value === undefined) delete cell.dataset.v;
      else cell.dataset.v = shown.value;
    }
  }

  function filter(wanted) {
    const words = wanted.mechanism.toLowerCase();
    let shown = 0;
    for (const row of rowsOf()) {
      const mechanism = callcost.costs.mechanisms[row.dataset.mechanism];
      const { facts, verdicts } = mechanism && !row.dataset.name.includes(" @ ") ? mechanism : { facts: {}, verdicts: {} };
      const named = [row.dataset.name, row.dataset.shown].some((name) => name.toLowerCase().includes(words));
      const fits = named
        && (!wanted.tool || (mechanism && mechanism.tool === wanted.tool))
        && (!wanted.gil || facts.releases_gil === wanted.gil)
        && (!wanted.abi || verdicts.stable_abi === wanted.abi);
      row.hidden = !fits;
      shown += fits;
    }
    const all = rowsOf().length;
    document.getElementById("status").textContent = shown === all ? `${all} rows` : `${shown} of ${all} rows`;
  }

  function floorsLast() {
    const below = table.tBodies[1];
    below.append(...[...below.rows].filter((row) => row.dataset.kind === "floor"));
  }

  function drawCharts(wanted, known, base) {
    const { draw, filled, dots } = callcost.charts;
    const found = dots(table, base);
    const lines = base ? [{ value: 1, text: base.dataset.shown, level: 0 }] : known.lines;
    const unit = base ? `times ${base.dataset.shown}` : "ns per call";
    const has = "The table below has the same figures.";
    holder.setAttribute("aria-label", `${known.call} by mechanism, ${unit}, ${wanted.scale} axis. ${has}`);
    picture.setAttribute("aria-label", `ns per call of ${known.call} by tool: ${known.finding}. ${has}`);
    const grammar = `${base ? "ratios" : "costs"}-${wanted.scale}`;
    return Promise.all([
      draw(picture, filled("tools", known.tools, known.toolLines)),
      draw(holder, filled(grammar, found, found.length ? lines : [])),
    ]);
  }

  callcost.explore = start;
})();
