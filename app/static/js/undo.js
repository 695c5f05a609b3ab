// The offer to undo goes when its seconds are over; the server no longer takes it then either.
document.querySelectorAll("form.undo[data-left]").forEach((offer) => {
  setTimeout(() => offer.remove(), Number(offer.dataset.left));
});
