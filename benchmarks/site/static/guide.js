/* The guide: leaves out what does not fit, puts the rest in order, and gives the reasons.
 * It follows benchmarks/which/choices.py, which a test compares it with. */
(() => {
  const NS_PER_S = 1e9;
  const ANCHORS = { builds: "builds", abi: "builds", threads: "fact-releases_gil", have: "", "": "" };
  const figure = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const { element } = callcost;
  let form, data;

  function start() {
    form = document.getElementById("guide");
    if (!form) return;
    data = callcost.guideData;
    fromAddress();
    form.addEventListener("input", () => { location.replace(`#${new URLSearchParams(new FormData(form))}`); answer(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", () => { fromAddress(); answer(); });
    answer();
  }

  function fromAddress() {
    if (location.hash.length > 1) callcost.fill(form, new URLSearchParams(location.hash.slice(1)));
  }

  function answer() {
    const given = new FormData(form);
    const wanted = { ...Object.fromEntries(given), calls: Number(given.get("calls")), needs: given.getAll("needs") };
    const place = document.getElementById("answer");
    if (!(wanted.calls > 0)) {
      place.replaceChildren(element("p", "Calls per second must be a number above 0.", "first"));
      return;
    }
    const here = data.places[wanted.python];
    const judged = here.candidates.map((one) => ({ one, reasons: reasonsOf(one, wanted) }));
    const fits = judged.filter(({ reasons }) => !reasons.length).map(({ one }) => one);
    fits.sort((a, b) => costOf(a, wanted) - costOf(b, wanted));
    const first = firstOfTools(fits, wanted).slice(0, data.limits.cards);
    const rest = fits.filter((one) => !first.includes(one));
    const out = judged.filter(({ reasons }) => reasons.length);
    const said = saidOf(first, wanted) || whyNone(here, out, wanted);
    place.replaceChildren(element("p", said, "first"), cards(first, wanted), ...list(rest, wanted), ...outList(out));
  }

  const costOf = (one, wanted) => one.costs[wanted.workload][0];
  const known = (one) => data.mechanisms[one.name];

  /* Lists what speaks against a candidate, each reason with the anchor of the fact behind it. */
  function reasonsOf(one, wanted) {
    const asked = [["", ""], ...["have", "builds", "threads", "abi"].map((key) => [key, wanted[key]]), ...wanted.needs.map((need) => ["needs", need])];
    const found = [];
    for (const [key, value] of asked) {
      const reason = one.against[key]?.[value];
      if (reason) found.push({ text: reason, anchor: key === "needs" ? `fact-${value}` : ANCHORS[key] });
    }
    const slow = tooSlow(one, wanted);
    if (slow) found.push({ text: slow, anchor: "costs-over-workloads", slow: true });
    return found;
  }

  function tooSlow(one, wanted) {
    if (!(wanted.workload in one.costs)) return "was not measured with this call";
    const ns = costOf(one, wanted);
    return ns * wanted.calls <= NS_PER_S ? "" : `makes at most ${calls(most(ns))} per second`;
  }

  const calls = (number) => `${whole.format(number)} call${number === 1 ? "" : "s"}`;
  const most = (ns) => Math.trunc(Number((NS_PER_S / ns).toExponential(1)));

  /* Picks a mechanism of each tool. Tools that cost hardly more than the cheapest come in the order of the advice. */
  function firstOfTools(fits, wanted) {
    const byTool = new Map();
    for (const one of fits) {
      const { tool } = known(one);
      if (!byTool.has(tool) || data.advised.includes(one.name)) byTool.set(tool, one);
    }
    const found = [...byTool.values()];
    const least = Math.min(...found.map((one) => costOf(one, wanted)));
    const order = data.advice[wanted.have];
    const key = (one) => {
      const ns = costOf(one, wanted);
      if ((ns - least) * wanted.calls >= data.limits.share * NS_PER_S) return [ns, 0, 0];
      const place = order.indexOf(known(one).tool);
      return [least, place < 0 ? order.length : place, ns];
    };
    return found.sort((a, b) => {
      const [one, other] = [key(a), key(b)];
      return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
    });
  }

  function percent(share) {
    return `${(share * 100).toFixed(share >= 0.0995 ? 1 : 2)}%`;
  }

  function saidOf(first, wanted) {
    if (!first.length) return "";
    const shares = first.map((one) => (costOf(one, wanted) * wanted.calls) / NS_PER_S);
    const [low, high] = [Math.min(...shares), Math.max(...shares)];
    const rate = `${whole.format(wanted.calls)} calls per second`;
    if (high - low < data.limits.share) return `${rate} take at most ${percent(high)} of a core. Choose by what you like to write.`;
    return `${rate} take ${percent(low)} to ${percent(high)} of a core: the choice matters.`;
  }

  function whyNone(here, out, wanted) {
    if (wanted.threads === "free" && here.gil) return `${here.label} has a GIL: choose a free-threaded Python.`;
    const slow = out.filter(({ one, reasons }) => reasons.length === 1 && reasons[0].slow && wanted.workload in one.costs);
    if (!slow.length) return "No measured mechanism fits all of this.";
    const fastest = Math.min(...slow.map(({ one }) => costOf(one, wanted)));
    return `${whole.format(wanted.calls)} calls per second are impossible: one core makes at most ${calls(most(fastest))}.`;
  }

  const costText = (ns) => (ns >= 1000 ? whole : figure).format(ns);

  function cards(first, wanted) {
    const made = element("div", "", "cards");
    made.append(...first.map((one) => card(one, wanted)));
    return made;
  }

  function card(one, wanted) {
    const { label, url, colour, write, install } = known(one);
    const made = element("article", "", "card");
    const heading = element("h2");
    const mark = element("i");
    mark.style.background = colour;
    heading.append(mark, link(label, url, ""));
    const cost = element("p", "", "cost");
    const [ns, around] = one.costs[wanted.workload];
    cost.append(element("strong", `${costText(ns)} ns`), ` ${around} a call, ${percent((ns * wanted.calls) / NS_PER_S)} of a core`);
    const code = element("pre", data.lines[wanted.workload]?.[one.name] || "The tool makes it from declarations.", "code");
    code.tabIndex = 0;
    code.setAttribute("aria-label", "Its source");
    const caught = element("p", "", "catch");
    caught.append(element("strong", "The catch: "), `${one.catch[wanted.have]}.`);
    const writes = element("p", `You write ${write}. `, "note");
    writes.append(element("code", install), " · ", link(one.built, url, "builds"));
    made.append(heading, cost, code, caught, writes);
    return made;
  }

  function list(rest, wanted) {
    if (!rest.length) return [];
    return [folded(`What else fits: ${rest.length}`, rest.map((one) => {
      const line = element("li");
      line.append(link(known(one).label, known(one).url, ""), `: ${costText(costOf(one, wanted))} ns; ${one.built}`);
      return line;
    }))];
  }

  function outList(out) {
    if (!out.length) return [];
    return [folded(`Left out: ${out.length}`, out.map(({ one, reasons }) => {
      const line = element("li");
      line.append(link(known(one).label, known(one).url, ""), ": ");
      reasons.forEach(({ text, anchor }, number) => line.append(number ? "; " : "", link(text, known(one).url, anchor)));
      return line;
    }))];
  }

  function folded(title, lines) {
    const details = element("details");
    const items = element("ul");
    items.append(...lines);
    details.append(element("summary", title), items);
    return details;
  }

  function link(text, url, anchor) {
    const made = element(url ? "a" : "span", text);
    if (url) made.href = url + (anchor ? `#${anchor}` : "");
    return made;
  }

  callcost.guide = start;
})();
