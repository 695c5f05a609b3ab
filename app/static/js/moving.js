// Moving a booking on its lab's timeline, by pointer or by keyboard. The server decides; a drop only opens the form.
const grid = document.querySelector("table.tl[data-minutes]");
const told = document.getElementById("moving");
const panel = document.getElementById("placing");
const MINUTE = 60000;
const DAY = 1440;
const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
  timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
// What is being moved: its cell, the bench that it lies on and the one that it goes to, its start before and after.
let move;

function begin(cell) {
  const row = cell.closest("tr");
  const at = Date.parse(cell.dataset.at);
  cell.classList.add("moves");
  return { cell, row, target: row, from: at, at };
}

// Pixels of a minute in the lane of the moved cell.
function scale({ cell }) {
  return cell.parentElement.clientWidth / (grid.dataset.columns * grid.dataset.minutes);
}

function show() {
  const { cell, row, target, from, at } = move;
  const across = ((at - from) / MINUTE) * scale(move);
  const down = target.getBoundingClientRect().top - row.getBoundingClientRect().top;
  cell.style.transform = `translate(${across}px, ${down}px)`;
  const bench = target.querySelector("th a span").textContent;
  told.textContent = told.dataset.to.replace("{at}", clock.format(at)).replace("{bench}", bench);
}

function stop(words) {
  if (!move) return;
  const { cell } = move;
  move = undefined;
  cell.classList.remove("moves");
  cell.style.transform = "";
  told.textContent = words;
  cell.focus();
  if (words) setTimeout(() => { if (told.textContent === words) told.textContent = ""; }, 3000);
}

// The form as the server wrote it: what would be proposed, or why it can't be.
async function fill(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = page.getElementById("place") ?? page.querySelector("main");
  panel.replaceChildren(...(form.id === "place" ? [form] : form.children));
  if (!panel.open) panel.showModal();
  panel.querySelector("textarea")?.focus();
}

async function open() {
  const { cell, row, target, from, at } = move;
  if (at === from && target === row) {
    stop(told.dataset.off);
    return;
  }
  const query = new URLSearchParams({ starts_at: new Date(at).toISOString().slice(0, 16) + "Z", back: location.pathname + location.search });
  if (target !== row) query.set("resource", target.dataset.bench);
  try {
    await fill(await fetch(`${cell.getAttribute("href")}/place?${query}`));
  } catch {
    stop(told.dataset.failed);
  }
}

// By pointer: what is dragged lands on whole steps that the eye can tell apart.
function step(row) {
  const grain = Number(row.dataset.grain);
  const column = Number(grid.dataset.minutes);
  if (column >= 480) return DAY;
  return column >= 120 ? Math.ceil(60 / grain) * grain : grain;
}

let press;
let dragged = false;

function drag(event) {
  if (!press) return;
  const across = event.clientX - press.x;
  if (!move && Math.hypot(across, event.clientY - press.y) < 5) return;
  move ??= begin(press.cell);
  const by = step(move.row);
  move.at = move.from + Math.round(across / scale(move) / by) * by * MINUTE;
  move.target = document.elementFromPoint(event.clientX, event.clientY)?.closest("tr[data-bench]") ?? move.target;
  show();
}

function drop() {
  if (!press) return;
  press = undefined;
  if (!move) return;
  dragged = true;
  setTimeout(() => { dragged = false; });
  open();
}

// By keyboard: M begins, arrows move by the grain of the bench, with Shift by a day, Enter opens the form.
function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || panel.open) return;
  if (!move) {
    const cell = event.target.closest?.("a.mv");
    if (!cell || event.key.toLowerCase() !== "m") return;
    move = begin(cell);
    show();
  } else if (event.key === "Escape") stop(told.dataset.off);
  else if (event.key === "Enter") open();
  else if (event.key === "Tab") stop(told.dataset.off);
  else if (!nudge(event)) return;
  event.preventDefault();
  event.stopPropagation();
}

function nudge({ key, shiftKey }) {
  const rows = [...grid.querySelectorAll("tr[data-bench]")];
  const place = rows.indexOf(move.target);
  const by = (shiftKey ? DAY : Number(move.row.dataset.grain)) * MINUTE;
  switch (key) {
    case "ArrowLeft": move.at -= by; break;
    case "ArrowRight": move.at += by; break;
    case "ArrowUp": move.target = rows[place - 1] ?? move.target; break;
    case "ArrowDown": move.target = rows[place + 1] ?? move.target; break;
    default: return false;
  }
  show();
  return true;
}

if (grid && panel) {
  // The browser would drag the link, or the one below it.
  document.addEventListener("dragstart", (event) => { if (press) event.preventDefault(); });
  grid.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest("a.mv");
    if (cell && event.button === 0 && event.pointerType !== "touch") press = { cell, x: event.clientX, y: event.clientY };
  });
  document.addEventListener("pointermove", drag);
  document.addEventListener("pointerup", drop);
  document.addEventListener("pointercancel", () => { press = undefined; stop(""); });
  document.addEventListener("click", (event) => {
    if (!dragged) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("keydown", pressed, true);
  panel.addEventListener("close", () => stop(told.dataset.off));
  panel.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    panel.close();
  });
  panel.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = new URLSearchParams(new FormData(event.target, event.submitter));
    try {
      const answer = await fetch(event.target.action, { method: "POST", body: sent });
      if (answer.redirected && answer.ok) location.assign(answer.url);
      else await fill(answer);
    } catch {
      panel.close();
      told.textContent = told.dataset.failed;
    }
  });
}
