/* The guide: leaves out what does not fit, ranks the rest by cost, and gives the reasons. */
(() => {
  const NEEDS = { checks_type: "refuses wrong types", checks_range: "refuses numbers that do not fit", takes_keywords: "takes keywords", subinterpreter: "works in subinterpreters" };
  const BUILDS = { compiler: ["nothing", "one file", "each version"], wheels: ["nothing", "one file", "each version"], one: ["nothing", "one file"], none: ["nothing"] };
  const ns = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const share = new Intl.NumberFormat("en-US", { style: "percent", maximumSignificantDigits: 2 });
  // Below this share of a core, the cost of the calls does not matter.
  const NO_MATTER = 0.01;
  const { element } = callcost;
  let form, data;

  function start() {
    form = document.getElementById("guide");
    if (!form) return;
    data = JSON.parse(document.getElementById("guide-data").textContent);
    fromAddress();
    form.addEventListener("input", () => { location.replace(`#${new URLSearchParams(new FormData(form))}`); answer(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", () => { fromAddress(); answer(); });
    answer();
  }

  function fromAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    if (location.hash.length > 1) callcost.fill(form, given);
  }

  function answer() {
    const wanted = new FormData(form);
    const calls = Number(wanted.get("calls"));
    const place = document.getElementById("answer");
    if (!(calls > 0)) {
      place.replaceChildren(element("p", "Calls per second must be a number above 0."));
      return;
    }
    const judged = data.candidates.map((candidate) => ({ candidate, against: against(candidate, wanted) }));
    const left = judged.filter((one) => !one.against.length).map((one) => one.candidate);
    const cost = (candidate) => candidate.costs[wanted.get("workload")][0];
    left.sort((a, b) => cost(a) - cost(b));
    place.replaceChildren(...(left.length ? ranked(left, wanted, calls) : [element("p", "No measured mechanism fits all of this.")]), out(judged));
  }

  /* Lists the reasons against a mechanism, each with the anchor of the fact behind it. */
  function against(candidate, wanted) {
    const found = [];
    if (!(wanted.get("workload") in candidate.costs)) found.push(["does not support that signature, or was not measured with it", "costs-over-workloads"]);
    if (!BUILDS[wanted.get("builds")].includes(candidate.builds)) found.push([data.builds[candidate.builds], "builds"]);
    const gil = wanted.get("gil");
    if (gil && candidate.facts.releases_gil !== gil) found.push([gilOf(candidate), "fact-releases_gil"]);
    for (const need of wanted.getAll("needs")) {
      const verdict = candidate.verdicts[need];
      if (verdict === "no") found.push([`not found: ${NEEDS[need]}`, `fact-${need}`]);
      else if (verdict !== "yes") found.push([`not known here: ${NEEDS[need]}`, `fact-${need}`]);
    }
    return found;
  }

  function gilOf(candidate) {
    const found = candidate.facts.releases_gil;
    const words = { yes: "releases the GIL", "not seen": "was not seen to release the GIL" };
    return words[found] || (candidate.verdicts.releases_gil === "does not apply" ? found : "not known whether it releases the GIL");
  }

  function ranked(left, wanted, calls) {
    const workload = wanted.get("workload");
    const used = (candidate) => (candidate.costs[workload][0] * calls) / 1e9;
    const cheapest = left[0];
    const slight = left.filter((one) => used(one) - used(cheapest) < NO_MATTER);
    const list = element("ol");
    left.forEach((candidate, number) => list.append(item(candidate, workload, used(candidate), number === 0, wanted)));
    const verdict = slight.length > 1
      ? `At ${calls.toLocaleString("en-US")} calls per second, ${slight.length === left.length ? "any of these" : `the first ${slight.length}`} will do: what they cost differs by less than ${share.format(NO_MATTER)} of a core. Choose by what you like to write.`
      : `At ${calls.toLocaleString("en-US")} calls per second the choice matters: the next one costs ${left[1] ? share.format(used(left[1]) - used(cheapest)) : "nothing"} more of a core.`;
    const said = left.length > 1 ? verdict : `Only one fits; its calls take ${share.format(used(cheapest))} of a core.`;
    return [element("p", said, "first"), list];
  }

  function item(candidate, workload, used, first, wanted) {
    const [value, low, high, rank] = candidate.costs[workload];
    const line = element("li", "", first ? "first" : "");
    line.append(link(candidate.shown, candidate.url, ""), " ");
    const why = element("span", "", "why");
    why.append(link(`${ns.format(value)} ns per call`, candidate.url, `on-${workload}`), low === null ? "" : ` (${ns.format(low)} .. ${ns.format(high)})`, rank.endsWith("=") ? `, a tie (rank ${rank})` : "", `, ${share.format(used)} of a core; `);
    const built = candidate.compiler ? `${data.builds[candidate.builds]}, built with ${candidate.compiler}` : data.builds[candidate.builds];
    why.append(link(built, candidate.url, "builds"), "; ");
    why.append(link(gilOf(candidate), candidate.url, "fact-releases_gil"));
    for (const need of wanted.getAll("needs")) why.append("; ", link(NEEDS[need], candidate.url, `fact-${need}`));
    line.append(why);
    return line;
  }

  function out(judged) {
    const left = judged.filter((one) => one.against.length);
    const details = element("details");
    details.append(element("summary", `Left out: ${left.length}`));
    const list = element("ul");
    for (const { candidate, against: reasons } of left) {
      const line = element("li");
      line.append(link(candidate.shown, candidate.url, ""), ": ");
      reasons.forEach(([words, anchor], number) => line.append(number ? "; " : "", link(words, candidate.url, anchor)));
      list.append(line);
    }
    details.append(list);
    details.open = left.length > 0 && left.length === judged.length;
    return details;
  }

  function link(text, url, anchor) {
    const made = element("a", text);
    made.href = url + (anchor ? `#${anchor}` : "");
    return made;
  }

  callcost.guide = start;
})();
