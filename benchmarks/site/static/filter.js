/* Filters long tables, and starts everything once a page is loaded. */
(() => {
  function startFilter(form) {
    const rows = [...document.getElementById(form.dataset.table).tBodies[0].rows];
    const texts = rows.map((row) => [...row.cells].slice(0, 3).map((cell) => cell.textContent).join(" ").toLowerCase());
    const apply = () => {
      const wanted = form.querySelector("input[type=search]").value.toLowerCase().split(/\s+/);
      const lone = form.elements.lone.checked;
      rows.forEach((row, number) => {
        row.hidden = (lone && !("lone" in row.dataset)) || !wanted.every((word) => texts[number].includes(word));
      });
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    apply();
  }

  // On a narrow page the line of links scrolls.
  document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  for (const table of document.querySelectorAll("table.sortable")) callcost.tables.makeSortable(table);
  for (const form of document.querySelectorAll("form.filter")) startFilter(form);
  callcost.onPage();
  callcost.explore();
  callcost.guide();
  callcost.pick();
  callcost.follow();
})();
