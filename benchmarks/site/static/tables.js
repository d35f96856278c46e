/* Sorts tables by any column: a button in each heading, figures before words. */
(() => {
  const words = new Intl.Collator("en", { numeric: true });

  function key(row, column) {
    const cell = row.cells[column];
    if (!cell) return null;
    if (cell.dataset.v !== undefined) return cell.dataset.v === "" ? null : Number(cell.dataset.v);
    const text = cell.textContent.trim();
    if (text === "" || text === "–") return null;
    const figure = Number(text.replace(/[,%=()]/g, "").split(" ")[0]);
    return Number.isNaN(figure) ? text : figure;
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === typeof b) return words.compare(a, b);
    return typeof a === "number" ? -1 : 1;
  }

  function sortBody(body, column, descending) {
    const rows = [...body.rows].filter((row) => !row.classList.contains("line"));
    const keyed = rows.map((row, place) => ({ row, place, key: key(row, column) }));
    keyed.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.place - b.place;
      return (descending ? -1 : 1) * compare(a.key, b.key) || a.place - b.place;
    });
    body.append(...keyed.map((one) => one.row));
  }

  /* Sorts the rows of each part of a table; unknown figures come last in either direction. */
  function sort(table, column, descending) {
    for (const body of table.tBodies) sortBody(body, column, descending);
    [...table.tHead.rows[0].cells].forEach((cell, number) => {
      if (number === column) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  }

  function makeSortable(table) {
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...cell.childNodes);
      cell.append(button);
      button.addEventListener("click", () => {
        const descending = cell.getAttribute("aria-sort") === "ascending";
        sort(table, column, descending);
        table.dispatchEvent(new CustomEvent("sorted", { detail: { column, descending } }));
      });
    });
  }

  callcost.tables = { sort, makeSortable };
})();
