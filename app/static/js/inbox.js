// The inbox by keyboard and with a count on its button; without this script everything is there by Tab and Enter.
const form = document.querySelector("#inbox");

if (form) {
  const rows = [...form.querySelectorAll("[data-row]")];
  const button = form.querySelector("[data-label]");
  const all = form.querySelector("[data-all]");
  const boxOf = (row) => row.querySelector("[name=chosen]");
  const plain = button.textContent;
  const open = rows.map(boxOf).filter((box) => !box.disabled);

  const count = () => {
    const chosen = open.filter((box) => box.checked).length;
    button.textContent = chosen ? button.dataset.label.replace("{n}", chosen) : plain;
    button.disabled = chosen === 0;
    all.checked = chosen > 0 && chosen === open.length;
    all.indeterminate = chosen > 0 && chosen < open.length;
    for (const row of rows) row.classList.toggle("on", boxOf(row).checked);
  };

  all.closest("label").hidden = open.length === 0;
  all.addEventListener("change", () => {
    for (const box of open) box.checked = all.checked;
    count();
  });
  form.addEventListener("change", count);
  addEventListener("pageshow", count);

  // Arrows go from row to row; C confirms and D declines the row in which one is.
  form.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest("[data-row]");
    if (!row) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const key = event.key.toLowerCase();
    if (step) {
      const next = rows[rows.indexOf(row) + step];
      next?.querySelector("a").focus();
    } else if (event.key === " " && event.target.matches("a") && !boxOf(row).disabled) {
      boxOf(row).click();
    } else if (key === "c") {
      row.querySelector("[name=only]").click();
    } else if (key === "d") {
      row.querySelector("[data-decline]")?.click();
    } else {
      return;
    }
    event.preventDefault();
  });

  count();
}
