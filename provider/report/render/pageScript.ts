/** Everything on the page works without it: it unfolds and folds all turns, and unfolds the one that a link leads to. */
export const pageScript = `
for (const folds of document.querySelectorAll(".folds")) {
  folds.hidden = false;
  folds.addEventListener("click", (event) => {
    const open = event.target.dataset.open;
    if (open === undefined) return;
    for (const details of folds.closest("section").querySelectorAll("details")) details.open = open !== "";
  });
}
`;
