// Saves the terms of a draft while one types, and before anything else on the page is sent; the button does the same
// without script. What could not be saved says why, and is not left without a word.
"use strict";
for (const form of document.querySelectorAll("form[data-draft]")) {
  const state = form.querySelector("[data-state]");
  const version = form.elements.version;
  let waiting = 0;
  let typed = 0; // counts changes
  let kept = 0; // how many of them the server has
  let saving = Promise.resolve();
  let wrong = null; // the field that was refused
  const label = (name) => (form.querySelector(`label[for="${name}"]`) || state).textContent;
  const save = async () => {
    const sent = typed;
    if (sent === kept) return;
    const answer = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, credentials: "same-origin", keepalive: true,
    }).catch(() => null);
    const told = answer ? await answer.json().catch(() => ({})) : {};
    if (!answer || !answer.ok || !told.version) {
      const errors = Object.entries(told.errors || {});
      wrong = errors.length ? form.elements[errors[0][0]] : null;
      const reasons = errors.flatMap(([name, texts]) => [label(name), ...texts]);
      state.textContent = [form.dataset.failed, ...reasons, told.text || ""].join(" ");
      return;
    }
    kept = sent;
    // Every other form of the page speaks of the same order.
    for (const field of document.querySelectorAll("input[name=version]")) {
      if (field.value === version.value || field === version) field.value = told.version;
    }
    state.textContent = form.dataset.saved;
  };
  const flush = () => {
    clearTimeout(waiting);
    saving = saving.then(save);
    return saving;
  };
  form.addEventListener("input", () => {
    typed += 1;
    clearTimeout(waiting);
    state.textContent = "";
    waiting = setTimeout(flush, 800);
  });
  // Buttons of other parts of the page send this form too, to an address of their own.
  const saves = (event) => event.target === form && !event.submitter?.hasAttribute("formaction");
  form.addEventListener("submit", (event) => { if (saves(event)) kept = typed; });
  document.addEventListener("submit", async (event) => {
    if (saves(event) || typed === kept) return;
    event.preventDefault();
    const { target, submitter } = event;
    await flush();
    if (typed === kept) target.requestSubmit(submitter);
    else (wrong || form.elements[0]).focus();
  });
  addEventListener("beforeunload", (event) => {
    if (typed !== kept) event.preventDefault();
  });
}
