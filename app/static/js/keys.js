// The key / leads to the search field, except while one is typing.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = document.querySelector("main [role=search] input[type=search], [role=search] input[type=search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});
// Escape closes the dialog that a refusal opened, as its own button does.
document.addEventListener("keydown", (event) => {
  const back = event.key === "Escape" && document.querySelector("dialog[open] [data-close]");
  if (back) back.click();
});
// A refusal far down a page is not overlooked: one begins at the first field that it is about.
const refused = document.querySelector("main .f.err :is(input:not([type=hidden]), select, textarea)");
if (refused && !document.querySelector("dialog[open]")) refused.focus();
