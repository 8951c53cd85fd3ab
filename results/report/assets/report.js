"use strict";
// The colours, and tables that can be sorted and filtered. Works on files, without a server.

{
  const root = document.documentElement;
  const stored = {
    get(name) { try { return localStorage.getItem(name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(name, value); } catch { /* private windows keep nothing */ } },
  };

  root.classList.add("js");
  const wanted = stored.get("provbench-theme");
  if (wanted === "light" || wanted === "dark") root.dataset.theme = wanted;

  function setUpTheme(button) {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const show = () => button.setAttribute("aria-pressed", String(dark()));
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      stored.set("provbench-theme", root.dataset.theme);
      show();
    });
    system.addEventListener("change", show);
    show();
  }

  // What a field is sorted by: its number, or its text; nothing, which comes last in either direction.
  function sortKey(cell) {
    const text = (cell.dataset.sort ?? cell.textContent).trim();
    if (text === "" || text === "–") return null;
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  }

  function compare(one, other) {
    if (typeof one === "number" && typeof other === "number") return one - other;
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
    return one.localeCompare(other, "en", { numeric: true });
  }

  // Rows move within their group. A third click brings back the order that the table came with.
  function sortTable(table, heads, head) {
    const next = { none: "ascending", ascending: "descending", descending: "none" };
    const order = next[head.getAttribute("aria-sort") ?? "none"];
    for (const other of heads) other.removeAttribute("aria-sort");
    if (order !== "none") head.setAttribute("aria-sort", order);
    const column = [...head.parentNode.children].indexOf(head);
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
      const keyed = rows.map((row) => ({ row, place: Number(row.dataset.row), key: sortKey(row.cells[column]) }));
      keyed.sort((one, other) => {
        if (order === "none") return one.place - other.place;
        if (one.key === null || other.key === null) {
          return (one.key === null) - (other.key === null) || one.place - other.place;
        }
        return (order === "ascending" ? 1 : -1) * compare(one.key, other.key) || one.place - other.place;
      });
      body.append(...keyed.map((item) => item.row));
    }
  }

  // Every word must be in the row, or in the heading over its group.
  function filterRows(table, text, count) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, all = 0;
    for (const body of table.tBodies) {
      let some = false;
      let heading = "";
      for (const row of body.rows) {
        if (row.classList.contains("group")) { heading = row.textContent; continue; }
        const where = `${heading} ${row.textContent}`.toLowerCase();
        row.hidden = !words.every((word) => where.includes(word));
        all += 1;
        shown += row.hidden ? 0 : 1;
        some ||= !row.hidden;
      }
      body.hidden = !some && words.length > 0;
    }
    count.textContent = words.length ? `${shown} of ${all} rows` : "";
  }

  function pickColumns(table, boxes) {
    const hidden = (field) =>
      boxes.some((box) => !box.checked && (box.dataset.place ?? field.dataset.place) === field.dataset.place
        && (box.dataset.kind ?? field.dataset.kind) === field.dataset.kind);
    for (const field of table.querySelectorAll("[data-place]")) field.hidden = hidden(field);
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    for (const span of table.querySelectorAll("[data-places]")) {
      const width = span.dataset.places.split(" ").filter((place) => !heads[Number(place)].hidden).length;
      span.hidden = width === 0;
      span.colSpan = width || 1;
    }
    const width = heads.filter((head) => !head.hidden).length;
    for (const group of table.querySelectorAll("tr.group > th")) group.colSpan = width;
  }

  function setUpTable(part) {
    const table = part.querySelector("table");
    const heads = [...table.querySelectorAll("th[data-col]")];
    for (const body of table.tBodies) [...body.rows].forEach((row, place) => { row.dataset.row = String(place); });
    for (const head of heads) head.querySelector("button").addEventListener("click", () => sortTable(table, heads, head));
    const filter = part.querySelector(".filter"), count = part.querySelector(".count");
    if (filter) filter.addEventListener("input", () => filterRows(table, filter.value, count));
    const picker = part.querySelector(".picker");
    if (!picker) return;
    const boxes = [...picker.querySelectorAll("input")];
    for (const box of boxes) box.addEventListener("change", () => pickColumns(table, boxes));
    document.addEventListener("click", (event) => { if (!picker.contains(event.target)) picker.open = false; });
    picker.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      picker.open = false;
      picker.querySelector("summary").focus();
    });
  }

  function setUpCopy(button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.previousElementSibling.textContent);
      button.textContent = "Copied";
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    setUpTheme(document.querySelector("button.theme"));
    document.querySelectorAll(".sortable").forEach(setUpTable);
    document.querySelectorAll("button.copy").forEach(setUpCopy);
  });
}
