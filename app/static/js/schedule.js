// The schedule by keyboard: one tab stop in a table, arrows go by cell and row. A closed cell answers on the spot.
const table = document.querySelector("table.tl");

// Cells of a row that can be seen, from left to right: the bench, then its lanes.
function cells(row) {
  return [...row.querySelectorAll("a")]
    .filter((link) => link.checkVisibility({ visibilityProperty: true }))
    .map((link) => ({ link, at: link.getBoundingClientRect() }))
    .sort((one, other) => one.at.left - other.at.left || one.at.top - other.at.top);
}

function middle(at) {
  return at.left + at.width / 2;
}

function nearest(row, x) {
  const far = ({ at }) => Math.max(at.left - x, x - at.right, 0);
  return cells(row).reduce((best, cell) => (best && far(best) < far(cell) ? best : cell), undefined);
}

function step(rows, row, by, x) {
  for (let index = rows.indexOf(row) + by; rows[index]; index += by) {
    const found = nearest(rows[index], x);
    if (found) return found;
  }
  return undefined;
}

function move(link, key) {
  const rows = [...table.tBodies[0].rows];
  const row = link.closest("tr");
  const here = cells(row);
  const index = here.findIndex((cell) => cell.link === link);
  switch (key) {
    case "ArrowLeft": return here[index - 1];
    case "ArrowRight": return here[index + 1];
    case "Home": return here[0];
    case "End": return here.at(-1);
    case "ArrowUp": return step(rows, row, -1, middle(here[index].at));
    case "ArrowDown": return step(rows, row, 1, middle(here[index].at));
    default: return undefined;
  }
}

// Only the link where one is can be reached by Tab.
function stopAt(link) {
  table.tBodies[0].querySelectorAll("a[tabindex='0']").forEach((other) => { other.tabIndex = -1; });
  link.tabIndex = 0;
}

// What aria-labelledby says.
function named(link) {
  const ids = link.getAttribute("aria-labelledby").split(" ");
  const parts = ids.map((id) => document.getElementById(id)).filter(Boolean);
  return parts.map((part) => part.getAttribute("aria-label") ?? part.textContent).join(" ");
}

function hide() {
  table.querySelectorAll(".why").forEach((note) => note.remove());
}

// The answer of a closed cell in its lane, beginning where the cell does.
function answer(cell) {
  hide();
  const note = document.createElement("span");
  const column = [...cell.classList].find((name) => /^c\d+$/.test(name));
  note.className = `why ${column}`;
  note.role = "status";
  note.textContent = named(cell);
  cell.parentElement.append(note);
}

if (table?.tBodies.length) {
  const folded = matchMedia("(max-width:760px)");
  const arrange = () => {
    table.tBodies[0].querySelectorAll("a").forEach((link) => { link.tabIndex = folded.matches ? 0 : -1; });
    const first = table.tBodies[0].querySelector("a");
    if (first && !folded.matches) stopAt(first);
  };
  arrange();
  folded.addEventListener("change", arrange);

  table.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === "Escape") hide();
    const link = event.target.closest("tbody a");
    if (!link || folded.matches || !/^(Arrow|Home|End)/.test(event.key)) return;
    event.preventDefault();
    const next = move(link, event.key);
    if (!next) return;
    stopAt(next.link);
    next.link.focus();
  });
  table.addEventListener("focusin", (event) => {
    const link = event.target.closest("tbody a");
    if (link && !folded.matches) stopAt(link);
  });
  table.addEventListener("click", (event) => {
    const cell = event.target.closest(".lane > a[href^='#']");
    if (!cell || folded.matches) {
      hide();
      return;
    }
    event.preventDefault();
    answer(cell);
  });
  // The names of cells stand elsewhere on the page; they are the mouse's tips too.
  table.addEventListener("pointerover", (event) => {
    const link = event.target.closest("a[aria-labelledby]:not([title])");
    if (link) link.title = named(link);
  });
}
