/* The front page: its address holds the workload, the filters, the order and the base of ratios.
 * The table holds the figures, and the chart is drawn from its rows. */
(() => {
  const DEFAULTS = { scale: "log", base: "", mechanism: "", family: "", gil: "", abi: "", sort: "", down: "" };
  const [NET, RATIO, RATIO_SPAN] = [2, 4, 5];
  const small = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const { element, fill, load } = callcost;
  const large = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const write = (value) => (Math.abs(value) >= 1000 ? large : small).format(value);

  let form, table, holder, first, state;

  function start() {
    form = document.getElementById("explorer");
    if (!form) return;
    table = document.getElementById("costs");
    holder = document.querySelector("#chart .chart");
    first = form.elements.workload.value;
    const families = [...new Set(Object.values(callcost.costs.mechanisms).map((known) => known.family))];
    addOptions(form.elements.family, families);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => change({ ...state, ...Object.fromEntries(new FormData(form)) }));
    form.addEventListener("reset", (event) => { event.preventDefault(); change({ ...DEFAULTS, workload: first }); });
    table.addEventListener("sorted", (event) => {
      const { column, descending } = event.detail;
      change({ ...state, sort: String(column), down: descending ? "1" : "" });
    });
    window.addEventListener("hashchange", () => show(fromAddress()));
    show(fromAddress());
  }

  function addOptions(select, names) {
    for (const name of names) select.add(new Option(name, name));
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
    if (!state || state.workload !== wanted.workload) putRows(wanted, known);
    state = wanted;
    const base = baseRow(wanted.base);
    if (wanted.base && base) await load(known.ratios);
    if (state !== wanted) return;
    fill(form, new URLSearchParams(wanted));
    fillRatios(wanted, known, base);
    filter(wanted);
    const column = wanted.sort === "" ? NET : Number(wanted.sort);
    if (table.tHead.rows[0].cells[column]) callcost.tables.sort(table, column, wanted.down === "1");
    if (wanted.sort === "") floorsLast();
    document.getElementById("permalink").href = address(wanted);
    await drawChart(wanted, known, base);
    holder.dataset.state = address(wanted);
  }

  function putRows(wanted, known) {
    table.tBodies[0].replaceChildren(...known.rows.map(rowOf));
    table.caption.querySelector("code").textContent = known.call;
    document.querySelector("#call code").textContent = known.call;
    document.getElementById("isolates").textContent = known.isolates ? `, ${known.isolates}` : "";
    const select = form.elements.base;
    select.length = 1;
    addOptions(select, known.rows.map(([name]) => name).filter((name) => !name.includes(" @ ")));
  }

  /* The cells are in the order of the report's own table. */
  function rowOf([name, mechanism, kind, marks, rank, net, netSpan, ratio, ratioSpan, gross, gil, abi, processes, netNs, lowNs, highNs]) {
    const row = element("tr");
    Object.assign(row.dataset, { name, mechanism, kind, marks });
    const owner = callcost.costs.mechanisms[mechanism];
    row.append(element("td", rank), heading(name, marks, kind === "floor" ? null : owner));
    row.append(...[net, netSpan, ratio, ratioSpan, gross, gil, abi, processes].map((text) => element("td", text)));
    if (netNs !== null) Object.assign(row.cells[NET].dataset, { v: netNs, i: `${lowNs},${highNs}` });
    return row;
  }

  function heading(name, marks, owner) {
    const made = element("th");
    made.scope = "row";
    const mark = element("i");
    mark.style.background = owner ? owner.colour : "var(--muted)";
    const link = element(owner ? "a" : "span", name);
    if (owner) link.href = owner.url;
    made.append(mark, link, marks);
    return made;
  }

  function baseRow(name) {
    return [...table.tBodies[0].rows].find((row) => row.dataset.name === name);
  }

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
    for (const label of table.querySelectorAll(".base")) label.textContent = base ? wanted.base : known.fastest || "the fastest";
    for (const row of table.tBodies[0].rows) {
      const cells = row.cells;
      row.fastest ??= { text: cells[RATIO].textContent, span: cells[RATIO_SPAN].textContent, value: undefined };
      row.ratio = undefined;
      let shown = row.fastest;
      if (base) {
        const ratios = callcost.ratios[wanted.workload];
        const ends = ratioOf({ names: ratios[0], table: ratios[1] }, row.dataset.name, wanted.base);
        const span = ends && ends[1] !== null ? `(${write(ends[1])} .. ${write(ends[2])})` : "–";
        row.ratio = { ends, text: ends ? `${write(ends[0])}×` : "–", span };
        shown = { text: ends ? write(ends[0]) : "–", span, value: ends ? ends[0] : "" };
      }
      cells[RATIO].textContent = shown.text;
      cells[RATIO_SPAN].textContent = shown.span;
      // To sort ratios to another row, more than the two digits shown are needed.
      if (shown.value === undefined) delete cells[RATIO].dataset.v;
      else cells[RATIO].dataset.v = shown.value;
    }
  }

  function filter(wanted) {
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const mechanism = callcost.costs.mechanisms[row.dataset.mechanism];
      const { facts, verdicts } = mechanism && !row.dataset.name.includes(" @ ") ? mechanism : { facts: {}, verdicts: {} };
      const fits = row.dataset.name.toLowerCase().includes(wanted.mechanism.toLowerCase())
        && (!wanted.family || (mechanism && mechanism.family === wanted.family))
        && (!wanted.gil || facts.releases_gil === wanted.gil)
        && (!wanted.abi || verdicts.stable_abi === wanted.abi);
      row.hidden = !fits;
      shown += fits;
    }
    const all = table.tBodies[0].rows.length;
    document.getElementById("status").textContent = shown === all ? `${all} rows` : `${shown} of ${all} rows`;
  }

  function floorsLast() {
    const body = table.tBodies[0];
    body.append(...[...body.rows].filter((row) => row.dataset.kind === "floor"));
  }

  function drawChart(wanted, known, base) {
    const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
    const dots = rows.map((row) => callcost.charts.dot(row, row.ratio)).filter(Boolean);
    const lines = base ? [{ value: 1, text: wanted.base, level: 0 }] : known.lines;
    const unit = base ? `times ${wanted.base}` : "ns per call";
    holder.setAttribute("aria-label", `${known.call} by mechanism, ${unit}, ${wanted.scale} axis. The table below has the same figures.`);
    const grammar = `${base ? "ratios" : "costs"}-${wanted.scale}`;
    return callcost.charts.draw(holder, callcost.charts.filled(grammar, dots, dots.length ? lines : []));
  }

  callcost.explore = start;
})();
