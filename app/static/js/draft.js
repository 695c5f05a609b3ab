// Saves the terms of a draft while one types; the button does the same without script.
"use strict";
for (const form of document.querySelectorAll("form[data-draft]")) {
  const state = form.querySelector("[data-state]");
  const version = form.elements.version;
  let waiting = 0;
  let saving = Promise.resolve();
  const save = async () => {
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, credentials: "same-origin",
    }).catch(() => null);
    if (!answer || !answer.ok) { state.textContent = form.dataset.failed; return; }
    const { version: saved } = await answer.json();
    // Every other form of the page speaks of the same order.
    for (const field of document.querySelectorAll("input[name=version]")) {
      if (field.value === version.value || field === version) field.value = saved;
    }
    state.textContent = form.dataset.saved;
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    state.textContent = "";
    waiting = setTimeout(() => { saving = saving.then(save); }, 800);
  });
}
