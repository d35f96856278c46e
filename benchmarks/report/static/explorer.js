/* The front page: which workload, which rows, in which order, relative to which; all of it in the
 * address. The table holds the figures, and the chart is drawn from its rows. */
(() => {
  const DEFAULTS = { scale: "log", base: "", mechanism: "", family: "", gil: "", abi: "", sort: "", down: "" };
  const [NET, NET_SPAN, RATIO, RATIO_SPAN] = [2, 3, 4, 5];
  const figures = {
    ns: new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
    times: new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    large: new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 }),
  };
  const write = (value, kind) => (Math.abs(value) >= 1000 ? figures.large : figures[kind]).format(value);
  const loaded = {};

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
    form.addEventListener("input", () => change(fromForm()));
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

  function fromForm() {
    const found = { ...state };
    for (const name of ["workload", "scale", "base", "mechanism", "family", "gil", "abi"]) found[name] = form.elements[name].value;
    return found;
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

  /* The address changes without a new entry in the browser's history for every key pressed. */
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
    toForm(wanted);
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
    // Rows are markup of the report's own making, in which every name was escaped.
    table.tBodies[0].innerHTML = known.rows;
    table.caption.querySelector("code").textContent = known.call;
    document.querySelector("#call code").textContent = known.call;
    document.getElementById("isolates").textContent = known.isolates ? `, ${known.isolates}` : "";
    const select = form.elements.base;
    select.length = 1;
    addOptions(select, [...table.tBodies[0].rows].map((row) => row.dataset.name).filter((name) => !name.includes(" @ ")));
  }

  function baseRow(name) {
    return [...table.tBodies[0].rows].find((row) => row.dataset.name === name);
  }

  function toForm(wanted) {
    for (const element of form.elements) {
      if (element.name && element.value !== wanted[element.name]) element.value = wanted[element.name];
    }
  }

  /* A script, since a page that was opened from a file may read data in no other way. */
  function load(address) {
    loaded[address] ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${address} is missing from the site`));
      document.head.append(script);
    });
    return loaded[address];
  }

  function fillRatios(wanted, known, base) {
    const ratios = base && callcost.ratios && callcost.ratios[wanted.workload];
    for (const label of table.querySelectorAll(".base")) label.textContent = base ? wanted.base : known.fastest || "the fastest";
    for (const row of table.tBodies[0].rows) {
      const cells = row.cells;
      row.fastest ??= [cells[RATIO].textContent, cells[RATIO_SPAN].textContent, cells[RATIO].dataset.v];
      let [text, span, value] = row.fastest;
      if (base) {
        const found = ratios && ratios[wanted.base] && ratios[wanted.base][row.dataset.name];
        text = found ? write(found[0], "times") : "–";
        span = found && found[1] !== null ? `(${write(found[1], "times")} .. ${write(found[2], "times")})` : "–";
        value = found ? found[0] : "";
        row.ratio = found;
      } else row.ratio = null;
      cells[RATIO].textContent = text;
      cells[RATIO_SPAN].textContent = span;
      cells[RATIO].dataset.v = value ?? "";
    }
  }

  function filter(wanted) {
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const mechanism = callcost.costs.mechanisms[row.dataset.mechanism];
      const facts = mechanism && !row.dataset.name.includes(" @ ") ? mechanism.facts : {};
      const fits = row.dataset.name.toLowerCase().includes(wanted.mechanism.toLowerCase())
        && (!wanted.family || (mechanism && mechanism.family === wanted.family))
        && (!wanted.gil || facts.releases_gil === wanted.gil)
        && (!wanted.abi || facts.stable_abi === wanted.abi);
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
    const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden && row.dataset.kind !== "floor");
    const dots = rows.map((row) => dot(row, Boolean(base))).filter((one) => one !== null);
    const lines = base ? [{ value: 1, text: wanted.base, level: 0 }] : known.lines;
    const spec = callcost.costs.charts[base ? `${wanted.scale}-times` : wanted.scale];
    const unit = base ? `times ${wanted.base}` : "ns per call";
    holder.setAttribute("aria-label", `${known.call} by mechanism, ${unit}, ${wanted.scale} axis. The table below has the same figures.`);
    return callcost.charts.draw(holder, callcost.charts.withRows(spec, dots, dots.length ? lines : []));
  }

  function dot(row, relative) {
    const { name, mechanism, kind, marks } = row.dataset;
    let known = row.ratio;
    if (!relative) {
      const cell = row.cells[NET];
      if (cell.dataset.v === undefined) return null;
      known = [cell.dataset.v, ...cell.dataset.i.split(",")].map(Number);
    }
    if (!known || !(known[0] > 0)) return null;
    const [value, low, high] = known;
    const owner = callcost.costs.mechanisms[mechanism];
    const colour = owner ? owner.colour : "var(--muted)";
    const text = relative ? `${write(value, "times")}×` : `${write(value, "ns")} ns`;
    const span = relative ? row.cells[RATIO_SPAN] : row.cells[NET_SPAN];
    const rank = row.cells[0].textContent;
    return {
      name: rank ? `${rank} ${name}${marks}` : `${name}${marks}`, value, low: low > 0 ? low : value, high: high || value, colour,
      fill: kind === "way" ? colour : "var(--page)", text,
      told: `${name}${marks}: ${text} ${span.textContent}${rank ? `, rank ${rank}` : ""}`,
    };
  }

  callcost.explore = start;
})();
